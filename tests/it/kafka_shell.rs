//! The Kafka room against a real broker: what its two seams promise the worker. `LIFETIDE_TEST_KAFKA` names the broker.

mod membership;
mod reading;
mod topics;
mod transactions;
mod world;
