//! One day of the made-up shop with everything the input contract knows: each customer lives one story, and all are sent in order of time.
//!
//! Unlike the endless `Shop`, which meets few kinds of events often, a day has all of them: what leads to an order and follows it, service,
//! loyalty, subscriptions, costs, visitors who turn out to be customers, referrals, erasures; records twice, late, ahead and spoiled.
//! What one customer means for another is told between `TIES_FROM_HOUR` and `TIES_UNTIL_HOUR`; those it is about are quiet then, and told
//! nothing else since `QUIET_FROM_HOUR`. So who reads a day in parts, cut at these hours, gets the same whatever is heard first.
//! The same seed gives the same bytes for ever. No clock, no I/O. Called by `cli::generate` and the tests.

mod aftermath;
mod diary;
mod expenses;
mod membership;
mod plot;
#[cfg(test)]
mod tests;
mod ties;
mod visit;

use super::envelope::{Numbers, Scene, rfc3339};
use super::fault::{FAULTS, spoiled};
use super::person::Person;
use super::random::Random;
use super::record::ShopRecord;
use diary::Diary;

const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Whoever is joined or credited has told all of their own by then; what follows from it is due within four hours.
pub(super) const QUIET_FROM_HOUR: i64 = 10;
pub const TIES_FROM_HOUR: i64 = 14;
pub const TIES_UNTIL_HOUR: i64 = 18;

/// Stories are drawn apart from who a customer is.
const STORY_SALT: u64 = 0x6461_795f_6c69_6665;
/// Of all records: sent again within a minute, late, by a clock that is ahead, spoiled.
const REPEATED_ONE_IN: u64 = 100;
const SPOILED_ONE_IN: u64 = 2_000;
const MAX_REPEATED_AFTER_MS: u64 = 60_000;

/// All records of the day that begins at `start_ms`, in order of their Kafka timestamps.
pub fn day(seed: u64, customers: u32, start_ms: i64) -> Vec<ShopRecord> {
    let mut numbers = Numbers::default();
    let mut records = Vec::new();
    for index in 0..customers {
        let random = Random::of_member(seed ^ STORY_SALT, u64::from(index));
        let person = Person::new(seed, index);
        plot::live(seed, index, Diary::new(person, random, &mut numbers, start_ms, &mut records));
    }
    let mut random = Random::new(seed ^ STORY_SALT);
    expenses::of_the_shop(&mut random, customers, start_ms, &mut numbers, &mut records);
    add_faults(seed, customers, &mut random, &mut numbers, &mut records);
    records.retain(|record| record.timestamp_ms < start_ms + DAY_MS);
    // stable: what is sent at the same moment stays in the order in which it was told
    records.sort_by_key(|record| record.timestamp_ms);
    records
}

/// Some of the records again, and some that no reader can take.
fn add_faults(seed: u64, customers: u32, random: &mut Random, numbers: &mut Numbers, records: &mut Vec<ShopRecord>) {
    for position in 0..records.len() {
        if random.one_in(REPEATED_ONE_IN) {
            let again_ms = records[position].timestamp_ms + random.within(0, MAX_REPEATED_AFTER_MS).cast_signed();
            let again = ShopRecord { timestamp_ms: again_ms, ..records[position].clone() };
            records.push(again);
        }
        if random.one_in(SPOILED_ONE_IN) {
            let timestamp_ms = records[position].timestamp_ms;
            let person = Person::new(seed, random.skewed_below(customers));
            let Some(time) = rfc3339(timestamp_ms, 0) else { continue };
            let fault = *random.pick(&FAULTS);
            let scene = Scene { person: &person, address_changes: 0, tells_time: true, random, numbers, time: &time };
            records.push(spoiled(scene, fault, timestamp_ms));
        }
    }
}
