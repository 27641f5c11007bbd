//! Where the promise ends: librdkafka numbers producers, not transactions (it lacks KIP-890), so an EndTxn that the network kept back can end
//! the transaction after its own. lifetide renews the producer whenever one may be under way (`chaos` shows that those are refused); here
//! one comes that nobody could know of, when a transaction has sent its offsets and not yet its records, and the process dies. The offsets
//! then speak of a state that was never written: it must be found by its chain, refused, and repaired by the command that the refusal
//! names.

use std::time::Duration;

use super::api::{Api, Client};
use super::proxy::{Act, Moment, Trap};
use super::round::Place;
use crate::commands::state::{assert_all_verified, assert_same_but_for_repeats, refusal, state};
use crate::commands::wait_for;
use crate::exactly_once::{Random, seed};

const EVENTS: usize = 6_000;
/// Small transactions; the changelog keeps all of them, so that the torn one stays in sight.
const SETTINGS: [&str; 4] = ["workers=1", "commit.max_records=20", "changelog.base_ratio=0.01", "kafka.static_membership=false"];
/// How a torn history shows: its offsets name a state that no block has, or one whose chain is another.
const FOUND_BY: [&str; 3] = ["changelog ends at sequence", "changelog is torn at offset", "but the committed offsets name"];
const PACE: Duration = Duration::from_millis(30);
const ATTEMPTS_MAX: u32 = 5;
const LONGEST: Duration = Duration::from_secs(120);

#[test]
fn a_transaction_torn_by_a_late_end_is_found_and_repaired() {
    let mut random = Random(seed());
    let place = Place::open();
    let trial = place.trial("torn", &SETTINGS);
    trial.create_topics();
    trial.load(random.below(u64::MAX), EVENTS, 300);
    let expected = trial.replay();
    let wait_until_lag = |most: i64| wait_for("records to be read", LONGEST, || (trial.lag() <= most).then_some(()));

    let mut crew = place.crew(&trial);
    place.proxy.pace(PACE);
    crew.start("a");
    wait_until_lag(EVENTS as i64 * 4 / 5);
    for attempt in 1.. {
        place.proxy.set(Trap { client: Client::Producer, api: Api::Produce, moment: Moment::Before, act: Act::Tear, spared: None });
        wait_for("a transaction to tear", LONGEST, || place.proxy.caught());
        let late: Vec<i16> = place.proxy.take_late().iter().map(|answer| answer.code).collect();
        assert_eq!(late, [0], "the broker takes a late end for that of the transaction it meets");
        if state(&trial, "verify").code != Some(0) {
            break;
        }
        // on a busy machine records may go before the offsets: then nothing was torn
        assert!(attempt < ATTEMPTS_MAX, "nothing was torn in {attempt} attempts");
        crew.restart_killed("a");
        wait_until_lag(trial.lag() - 200);
    }

    let refusal = refusal(&trial);
    let (reason, _) = refusal.split_once("ways out").expect("a refusal names the ways out");
    assert!(FOUND_BY.iter().any(|found| reason.contains(found)), "{refusal}");
    println!("found: {refusal}");

    let repaired = state(&trial, "repair --all --yes");
    assert_eq!(repaired.code, Some(0), "{}{}", repaired.stdout, repaired.stderr);
    place.proxy.pace(Duration::ZERO);
    crew.restart_killed("a");
    wait_until_lag(0);
    crew.stop("a");
    let repeats = assert_same_but_for_repeats(&expected, &trial.written());
    println!("1 transaction torn, found and repaired; {repeats} outputs came again under their own ids");
    assert_all_verified(&trial);
}
