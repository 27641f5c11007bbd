//! A rolling upgrade: slots that began under the version before go on in its rows, until `state upgrade` has seen that everybody reads
//! the newer ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lifetide::cli::rules;
use lifetide::clock;
use lifetide::engine::{Committed, RowVersion};
use lifetide::kafka::{Consumer, Producer, Settings};
use lifetide::worker::{Now, Rules, WorkerError, runner};

use super::{LONGEST, SETTINGS, assert_exactly, slots, state};
use crate::commands::{SOON, wait_for};
use crate::trial::{SLOTS, Trial};

const EVENTS: usize = 4_000;

/// A life of a process that neither reads nor writes newer rows than the oldest; it ends, in order, after `meanwhile`.
fn live_as_the_version_before(trial: &Trial, meanwhile: impl FnOnce()) {
    let config = trial.config(&["instance.id=\"old\"".to_owned()]);
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
    live_as_the_version_before(&trial, || {
        let watch = trial.watch();
        wait_for("every slot to be written", LONGEST, || watch.look()?.iter().all(|stand| stand.committed > 0).then_some(()));
        let refused = state(&trial, "upgrade --yes");
        assert_eq!(refused.code, Some(1), "{}", refused.stdout);
        let why = format!("members that do not read rows of version {newest}: lifetide-old-0; upgrade them first");
        assert!(refused.stderr.contains(&why), "{}", refused.stderr);
    });
    assert_eq!(row_versions(&trial), [oldest; SLOTS as usize]);

    let mut process = trial.start("a", 0);
    wait_for("the rest to be read", LONGEST, || (trial.lag() == 0).then_some(()));
    assert_eq!(row_versions(&trial), [oldest; SLOTS as usize], "nobody has said that all read more");
    let shown = state(&trial, "upgrade");
    assert_eq!(shown.code, Some(1), "{}", shown.stdout);
    assert!(shown.stdout.contains("4 slots would be told") && shown.stderr.contains("add --yes"), "{}{}", shown.stdout, shown.stderr);
    let told = state(&trial, "upgrade --yes");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains(&format!("lifetide-a-0 reads rows up to version {newest}")), "{}", told.stdout);
    wait_for("every slot to obey", SOON, || (row_versions(&trial) == [newest; SLOTS as usize]).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());

    // told again, nobody minds; and rows of both versions are restored side by side
    assert_eq!(state(&trial, "upgrade --yes").code, Some(0));
    let mut process = trial.start("a", 1);
    wait_for("all to be read", LONGEST, || (trial.lag() == 0).then_some(()));
    assert_eq!(process.stop(SOON), Some(0), "{}", process.log_tail());
    assert_eq!(row_versions(&trial), [newest; SLOTS as usize]);
    assert_exactly(&expected, &trial);
}
