//! What reaches the metrics of restores, and that nothing of a slot stays behind that is no longer ours.

use super::*;
use crate::metrics::Build;
use crate::worker::{Restoration, WorkerError};

fn observer() -> (Observer, Arc<Metrics>) {
    let config = crate::config::Config::read(&crate::config::Sources {
        files: &[],
        environment: &[],
        sets: &[],
        host_name: Some("test"),
        read_file: &|_| Err(std::io::Error::other("no files here")),
    })
    .unwrap();
    let metrics = Arc::new(Metrics::new(&Build { version: "1", librdkafka: "2" }, &config.input.topics));
    let health = Arc::new(Health::new(1, 0));
    (Observer::new(0, &config, metrics.clone(), health, Phases::default()), metrics)
}

const NOW: Now = Now { mono_ms: 1_000, wall_ms: 1_000 };

fn tell(observer: &mut Observer, report: &Report) {
    observer.observe(Happened::Step { report, status: &Status::default(), now: NOW });
}

fn restoring(observer: &mut Observer, remaining_records: u64) {
    let restores = [RestoreState { slot: 3, remaining_records, remaining_bytes: remaining_records * 700 }];
    observer.observe(Happened::Measured { slots: &[], restores: &restores, standbys: &[], lag: None, now: NOW });
}

fn assert_shown(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.exposition();
    for line in lines {
        assert!(text.lines().any(|found| found == format!("lifetide_state_{line}")), "no {line} in\n{text}");
    }
}

#[test]
fn what_a_restore_has_left_is_shown_until_nothing_is() {
    let (mut observer, metrics) = observer();
    tell(&mut observer, &Report { assigned: vec![3], ..Report::default() });
    restoring(&mut observer, 40);
    assert_shown(&metrics, &["restore_remaining_records{slot=\"3\"} 40", "restore_remaining_bytes{slot=\"3\"} 28000"]);
    restoring(&mut observer, 10);
    assert_shown(&metrics, &["restore_remaining_records{slot=\"3\"} 10", "restore_remaining_bytes{slot=\"3\"} 7000"]);
    let restored = Restoration { slot: 3, customers: 5, bytes: 900, was_warm: false, log_records: 44, log_bytes: 31_000, took_ms: 70 };
    tell(&mut observer, &Report { restored: vec![restored], ..Report::default() });
    let none_left = ["restore_remaining_records{slot=\"3\"} 0", "restore_remaining_bytes{slot=\"3\"} 0"];
    assert_shown(&metrics, &none_left);
    assert_shown(&metrics, &["restored_records_total 44", "restored_bytes_total 31000"]);
}

#[test]
fn a_worker_that_failed_or_was_relieved_leaves_no_gauges_of_its_slots() {
    type End = fn(&mut Observer);
    let ends: [End; 3] = [
        |observer| tell(observer, &Report { revoked: vec![3], ..Report::default() }),
        |observer| tell(observer, &Report { lost: vec![3], ..Report::default() }),
        |observer| observer.observe(Happened::Failed { error: &WorkerError::Unavailable("away".into()), pause_ms: 1 }),
    ];
    for end in ends {
        let (mut observer, metrics) = observer();
        tell(&mut observer, &Report { assigned: vec![3], ..Report::default() });
        restoring(&mut observer, 40);
        end(&mut observer);
        let text = metrics.exposition();
        assert!(!text.contains("slot=\"3\""), "{text}");
    }
}

#[test]
fn a_slot_that_is_no_longer_followed_leaves_no_gauges() {
    let (mut observer, metrics) = observer();
    let standbys = [StandbyState { slot: 8, remaining_records: 5, remaining_bytes: 600, bytes: 7_000 }];
    observer.observe(Happened::Measured { slots: &[], restores: &[], standbys: &standbys, lag: None, now: NOW });
    let shown = metrics.exposition();
    for line in ["standby_slots{worker=\"0\"} 1", "standby_bytes{slot=\"8\"} 7000", "standby_remaining_records{slot=\"8\"} 5"] {
        assert!(shown.contains(&format!("lifetide_{line}\n")), "no {line} in\n{shown}");
    }
    observer.observe(Happened::Measured { slots: &[], restores: &[], standbys: &[], lag: None, now: NOW });
    let text = metrics.exposition();
    assert!(!text.contains("slot=\"8\"") && text.contains("lifetide_standby_slots{worker=\"0\"} 0\n"), "{text}");
}
