//! A rolling upgrade: slots that began under the version before go on in its rows, until `state upgrade` has seen that everybody reads
//! the newer ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lifetide::cli::rules;
use lifetide::clock;
use lifetide::engine::{Committed, RowVersion};
use lifetide::kafka::{Consumer, Producer, Settings};
use lifetide::worker::{Now, Rules, WorkerError, runner};

use super::{LONGEST, assert_all_verified, slots, state};
use crate::commands::{SOON, wait_for};
use crate::trial::{SLOTS, Trial, Written, differences};

const EVENTS: usize = 4_000;
/// Transactions small enough to change versions between them.
/// Rows of the oldest version keep no looks at products, so nobody is to be in a stage that follows from them.
const SETTINGS: [&str; 3] = ["commit.max_records=3", "workers=1", "stages.consideration_views=10000"];

/// A life of instance `a` that neither reads nor writes newer rows than the oldest; it ends, in order, after `meanwhile`.
fn live_as_the_version_before(trial: &Trial, meanwhile: impl FnOnce()) {
    let config = trial.config(&["instance.id=\"a\"".to_owned()]);
    let settings = Settings { reads_rows: RowVersion::OLDEST.number(), ..rules::kafka_settings(&config) };
    let rules = Rules { row_version: RowVersion::OLDEST, ..rules::worker_rules(&config, SLOTS, clock::monotonic_us()) };
    let build = || {
        let producer = Producer::open(&settings, 0, clock::wall_ms).map_err(WorkerError::of_transaction)?;
        Ok((Consumer::join(&settings, 0)?, producer))
    };
    let now = || Now { mono_ms: clock::monotonic_ms(), wall_ms: clock::wall_ms() };
    let (committed, stop) = (Arc::new(Committed::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let life = scope.spawn(|| runner::run(build, &rules, &committed, &stop, now, |_| ()));
        meanwhile();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(life.join().unwrap(), Ok(()));
    });
}

fn row_versions(trial: &Trial) -> Vec<u64> {
    slots(&state(trial, "verify -o json")).iter().map(|slot| slot["row_version"].as_u64().unwrap()).collect()
}

#[test]
fn older_rows_are_written_until_everybody_reads_the_newer() {
    let (oldest, newest) = (u64::from(RowVersion::OLDEST.number()), u64::from(RowVersion::NEWEST.number()));
    let trial = Trial::new("upgrade", &SETTINGS);
    trial.create_topics();
    trial.load(51, EVENTS, 200);
    let expected = trial.replay();
    let mut beside = None;
    live_as_the_version_before(&trial, || {
        let watch = trial.watch();
        wait_for("every slot to be written", LONGEST, || watch.look()?.iter().all(|stand| stand.committed > 0).then_some(()));
        // the next version takes some of the slots over
        let process = beside.insert(trial.start("b", 0));
        wait_for("slots of its own", LONGEST, || process.log_tail().contains("slot restored").then_some(()));
        assert_refused(&trial, newest);
    });
    let mut beside = beside.unwrap();
    assert!(row_versions(&trial).iter().all(|version| *version == oldest), "nobody has said that all read more");

    // the same instance as the next version; until its session ends, the group believes that the former is still there
    let mut process = trial.start("a", 1);
    assert_refused(&trial, newest);
    wait_for("the rest to be read", LONGEST, || (trial.lag() == 0).then_some(()));
    let shown = wait_for("the former member to be gone", LONGEST, || {
        let shown = state(&trial, "upgrade");
        (!shown.stdout.contains(&format!("version {oldest}"))).then_some(shown)
    });
    assert_eq!(row_versions(&trial), [oldest; SLOTS as usize], "it was only shown");
    assert_eq!(shown.code, Some(1), "{}", shown.stdout);
    assert!(shown.stdout.contains("4 slots would be told") && shown.stderr.contains("add --yes"), "{}{}", shown.stdout, shown.stderr);
    let told = state(&trial, "upgrade --yes");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    for name in ["lifetide-a-0", "lifetide-b-0"] {
        assert!(told.stdout.contains(&format!("{name} reads rows up to version {newest}")), "{}", told.stdout);
    }
    wait_for("every slot to obey", SOON, || (row_versions(&trial) == [newest; SLOTS as usize]).then_some(()));
    // told again, nobody minds
    assert_eq!(state(&trial, "upgrade --yes").code, Some(0));
    wait_for("all to be read", LONGEST, || (trial.lag() == 0).then_some(()));
    wait_for("everybody to be counted", LONGEST, || {
        let (counted, recounted) = trial.population();
        (!counted.is_empty() && counted == recounted).then_some(())
    });
    for process in [&mut process, &mut beside] {
        assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    }

    // rows of both versions are restored side by side
    assert_all_verified(&trial);
    let differences = differences(&without_newest(expected), &without_newest(without_scoring_anew(trial.written())));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Without the values of those who were scored anew because of their rows.
fn without_scoring_anew(mut written: Written) -> Written {
    let clv = written.get_mut("clv").into_iter().flat_map(|by_key| by_key.values_mut());
    clv.for_each(|values| values.retain(|value| value["cause"]["type"] != "model"));
    written
}

/// What mails and values say from parts that rows of the version before do not have.
const SINCE_THE_NEWEST: [&str; 7] = ["npv", "affinity", "drop_off_step", "interactions", "first_channel", "last_channel", "loyalty"];

fn without_newest(mut written: Written) -> Written {
    let records = written.values_mut().flat_map(|by_key| by_key.values_mut().flatten());
    for record in records.filter_map(serde_json::Value::as_object_mut) {
        SINCE_THE_NEWEST.iter().for_each(|field| drop(record.remove(*field)));
    }
    written
}

fn assert_refused(trial: &Trial, newest: u64) {
    let refused = state(trial, "upgrade --yes");
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    let why = format!("members that do not read rows of version {newest}: lifetide-a-0; upgrade them first");
    assert!(refused.stderr.contains(&why), "{}", refused.stderr);
}
