//! cargo-fuzz: what travels with a committed offset. See `harness`.
#![no_main]

#[path = "../harness.rs"]
#[allow(dead_code, reason = "each target calls one function of it")]
mod harness;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| harness::metadata(bytes));
