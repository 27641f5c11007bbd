//! Formats that lie in Kafka are read for ever: a slot's whole changelog as version 1 of blocks and rows wrote it, bases and all, restores to
//! the rows that were written, byte for byte, and its worker goes on from there.
//!
//! The files in `tests/data` are never made anew. `changelog_v1.bin`: blocks, each behind its length (u32, little-endian).
//! `changelog_v1.txt`: the committed metadata, the committed offsets, then each customer's id and row in hexadecimal.

use std::sync::Arc;

use lifetide::cli::rules;
use lifetide::engine::{ALL_REGIONS, Committed, read_row};
use lifetide::worker::memory::{MemoryLog, MemorySource, MemoryTransaction};
use lifetide::worker::source::{CommittedOffset, Input};
use lifetide::worker::{Now, Worker};

use crate::settings;

const BLOCKS: &[u8] = include_bytes!("../data/changelog_v1.bin");
const CONTENTS: &str = include_str!("../data/changelog_v1.txt");

fn blocks() -> Vec<Vec<u8>> {
    let (mut rest, mut blocks) = (BLOCKS, Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (block, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        blocks.push(block.to_vec());
        rest = behind;
    }
    blocks
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `id row` lines, in order of ids.
fn rows(committed: &Committed) -> Vec<String> {
    let mut lines = Vec::new();
    for region in ALL_REGIONS {
        committed.with_region(0, region as u16, |region| {
            for (_, id, row) in region.into_iter().flat_map(|region| region.rows()) {
                read_row(row).unwrap();
                lines.push(format!("{} {}", String::from_utf8_lossy(id), hex(row)));
            }
        });
    }
    lines.sort();
    lines
}

#[test]
fn a_changelog_of_version_1_restores_to_the_very_rows_and_goes_on() {
    let mut lines = CONTENTS.lines();
    let metadata = lines.next().unwrap();
    let offsets: Vec<i64> = lines.next().unwrap().split(' ').map(|offset| offset.parse().unwrap()).collect();
    let expected: Vec<&str> = lines.collect();
    assert!(expected.len() >= 10);

    let log = MemoryLog::new(4, 1, true);
    *log.borrow_mut().changelog(0) = blocks();
    *log.borrow_mut().committed(0) =
        offsets.iter().map(|offset| Some(CommittedOffset { offset: *offset, metadata: metadata.to_owned() })).collect();
    // that version knew of no relay
    log.borrow_mut().committed(0).push(None);
    let committed = Arc::new(Committed::new());
    let rules = rules::worker_rules(&settings::config(&["time.mode=\"event\"".to_owned()]), 1, 1);
    let mut worker = Worker::new(MemorySource::new(log.clone()), MemoryTransaction::new(log.clone()), rules, committed.clone());
    let mut steps = (0..1_000).map(|step| worker.step(Now { mono_ms: step * 10, wall_ms: 0 }).map(|_| worker.take_report()));
    steps.find(|report| !report.as_ref().unwrap().restored.is_empty()).unwrap().unwrap();
    drop(steps);
    assert_eq!(rows(&committed), expected);

    let value = br#"{"type":"track","event":"Order Completed","userId":"u-new","timestamp":"2027-01-01T00:00:00Z","properties":{"order_id":"o-new","total":1,"currency":"USD"}}"#;
    let input = Input { topic: 0, slot: 0 };
    log.borrow_mut().append(input, Some(offsets[0]), Some(b"u-new"), Some(value), Some(1_798_761_600_000), Vec::new()).unwrap();

    for step in 1_000..1_100 {
        worker.step(Now { mono_ms: step * 10, wall_ms: 0 }).unwrap();
    }
    assert!(rows(&committed).iter().any(|line| line.starts_with("u-new ")));
}
