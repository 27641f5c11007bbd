//! Arguments to exit code; everything between is `cli`.
//! It chooses the allocator, and nothing else.

use std::process::ExitCode;

/// librdkafka allocates on its threads and frees on ours: see `Cargo.toml`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    lifetide::cli::main()
}
