//! A generated day of a shop, with every kind of event, through the real broker: every output topic gets something, and the total of every
//! cell and the actions of every play are what an independent model in Python (`tests/model/day.py`) makes of the same records.
//!
//! The day is read in three parts, each loaded before it is read, because what customers mean for each other arrives when it arrives: cut at
//! the hours that the generator keeps free for that (`lifetide::cli::shop::day`), the outcome is a function of the day alone.
//! `LIFETIDE_DAY_CUSTOMERS=100000` lives a larger day; `LIFETIDE_TEST_SEED` repeats one. A smaller day is lived through while the process is
//! killed again and again in the hours in which customers become one and bring each other: not a word of it is lost, none is heard twice.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lifetide::cli::shop::day::{TIES_FROM_HOUR, TIES_UNTIL_HOUR, day};
use lifetide::cli::shop::{ShopRecord, to_line};
use rdkafka::Message;
use rdkafka::message::{Headers, OwnedMessage};
use serde_json::{Map, Value, json};

use crate::exactly_once::{Random, seed};
use crate::model;
use crate::trial::{Process, SLOTS, Trial};

/// What a laptop does in two minutes, building excluded.
const CUSTOMERS: u32 = 12_000;
const START_MS: i64 = 1_767_225_600_000; // 2026-01-01
const HOUR_MS: i64 = 3_600_000;
const CUT_HOURS: [i64; 2] = [TIES_FROM_HOUR, TIES_UNTIL_HOUR];
/// A hundred thousand customers on a busy machine.
const LONGEST: Duration = Duration::from_secs(900);
const STOP: Duration = Duration::from_secs(20);
/// Cells are written an interval after their last change; nothing new for so many intervals: they are all there.
const CELLS_INTERVAL: Duration = Duration::from_secs(1);
const QUIET_INTERVALS: u32 = 5;
/// Of the day with deaths: small transactions, so that they fall into many different moments.
const CUSTOMERS_AMONG_DEATHS: u32 = 6_000;
const SMALL_TRANSACTIONS: &str = "commit.max_records=8";
const DEATHS: usize = 8;
const WRITTEN: [&str; 5] = ["transitions", "clv", "actions", "aggregates", "dlq"];
/// lifetide deletes from them what it needs no longer.
const TRIMMED: [&str; 2] = ["relay", "changelog"];

fn customers() -> u32 {
    std::env::var("LIFETIDE_DAY_CUSTOMERS").map_or(CUSTOMERS, |text| text.parse().expect("LIFETIDE_DAY_CUSTOMERS is a number"))
}

fn settings() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/day.toml"))
}

struct Day {
    trial: Trial,
    records: Vec<ShopRecord>,
}

impl Day {
    fn generated(name: &str, seed: u64, customers: u32) -> Day {
        let mut trial = Trial::new(name, &["aggregates.interval=\"1s\""]);
        trial.files.push(settings());
        trial.create_topics();
        let records = day(seed, customers, START_MS);
        write_input(&trial, &records);
        println!("{} records of {customers} customers", records.len());
        Day { trial, records }
    }

    /// Cut where what is told between customers must have been heard before others go on.
    fn parts(records: &[ShopRecord]) -> impl Iterator<Item = &[ShopRecord]> {
        let hours = |record: &ShopRecord| CUT_HOURS.iter().filter(|hour| record.timestamp_ms >= START_MS + **hour * HOUR_MS).count();
        records.chunk_by(move |one, next| hours(one) == hours(next))
    }
}

#[test]
fn all_figures_and_actions_of_a_whole_day_are_those_of_the_model() {
    let (seed, began) = (seed(), Instant::now());
    let day = Day::generated("day", seed, customers());
    for (life, part) in Day::parts(&day.records).enumerate() {
        live_through(&day.trial, part, life);
        println!("part {life}, {} records, read after {:?}", part.len(), began.elapsed());
    }
    write_outputs(&day.trial);
    let (agrees, told) = recount(&day.trial);
    println!("{told}\nafter {:?}", began.elapsed());
    assert!(agrees, "{told}");
    would_notice(&day.trial);
}

#[test]
fn customers_become_one_and_bring_each_other_exactly_once_under_kill_9() {
    let seed = seed();
    let mut day = Day::generated("ties", seed, CUSTOMERS_AMONG_DEATHS);
    let mut random = Random(seed);
    let mut struck = 0;
    for (number, part) in Day::parts(&day.records).enumerate() {
        if number == 1 {
            day.trial.load_records(part.iter().cloned());
            day.trial.sets.push(SMALL_TRANSACTIONS.to_owned());
            struck = (0..DEATHS).filter(|life| die(&day.trial, *life, &mut random)).count();
            day.trial.sets.pop();
            live_through(&day.trial, &[], DEATHS);
        } else {
            live_through(&day.trial, part, DEATHS + 1 + number);
        }
    }
    println!("{struck} of {DEATHS} deaths while something was still to be read or heard");
    assert!(struck >= DEATHS / 2, "only {struck} deaths struck anything");
    write_outputs(&day.trial);
    let (agrees, told) = recount(&day.trial);
    assert!(agrees, "{told}");
}

/// Kills a process when it has read a little; whether there was still something for it to do.
fn die(trial: &Trial, life: usize, random: &mut Random) -> bool {
    let began_with = trial.lag();
    let goal = random.goal(began_with, DEATHS - life);
    let mut process = trial.start("mortal", life);
    trial.wait_until_left(goal, &[&process], LONGEST);
    std::thread::sleep(Duration::from_millis(random.below(20)));
    process.kill_9();
    let left = trial.left();
    println!("killed after {goal} were left, {began_with} to read before, {left} left to read or hear");
    left > 0
}

fn write_outputs(trial: &Trial) {
    for topic in WRITTEN {
        let count = write_output(trial, topic);
        println!("{topic}: {count} records");
        assert!(count > 0, "nothing in {topic}");
    }
    for topic in TRIMMED {
        let count = trial.ends(&format!("{}.out.{topic}", trial.name)).iter().sum::<i64>();
        println!("{topic}: {count} records and markers");
        assert!(count > 0, "nothing was ever in {topic}");
    }
}

/// One part of the day: loaded, read, and all that follows from it written.
fn live_through(trial: &Trial, part: &[ShopRecord], life: usize) {
    trial.load_records(part.iter().cloned());
    let mut process = trial.start("mortal", life);
    trial.wait_until_read(&process, LONGEST);
    wait_for_cells(trial, &process);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
}

fn wait_for_cells(trial: &Trial, process: &Process) {
    let (deadline, topic) = (Instant::now() + LONGEST, format!("{}.out.aggregates", trial.name));
    let (mut ends, mut since) = (trial.ends(&topic), Instant::now());
    while since.elapsed() < QUIET_INTERVALS * CELLS_INTERVAL {
        assert!(Instant::now() < deadline, "cells are written without end\n{}", process.log_tail());
        std::thread::sleep(CELLS_INTERVAL / 5);
        let now = trial.ends(&topic);
        if now != ends {
            (ends, since) = (now, Instant::now());
        }
    }
}

fn write_input(trial: &Trial, records: &[ShopRecord]) {
    let mut file = BufWriter::new(File::create(trial.folder.join("day.jsonl")).unwrap());
    records.iter().for_each(|record| writeln!(file, "{}", to_line(record, &format!("{}.", trial.name))).unwrap());
    file.flush().unwrap();
}

fn output_file(trial: &Trial, topic: &str) -> PathBuf {
    trial.folder.join(format!("{topic}.jsonl"))
}

/// As `replay` writes them; how many there are.
fn write_output(trial: &Trial, topic: &str) -> usize {
    let mut file = BufWriter::new(File::create(output_file(trial, topic)).unwrap());
    let records = trial.records(&[format!("{}.out.{topic}", trial.name)], "read_committed");
    records.iter().for_each(|record| writeln!(file, "{}", Value::Object(line(record, topic))).unwrap());
    file.flush().unwrap();
    records.len()
}

fn line(record: &OwnedMessage, topic: &str) -> Map<String, Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut line = match record.payload() {
        Some(payload) if topic != "dlq" => serde_json::from_slice(payload).unwrap(),
        payload => Map::from_iter([("value".to_owned(), json!(payload.map(text)))]),
    };
    line.insert("key".to_owned(), json!(record.key().map(text)));
    if topic == "dlq" {
        let headers = record.headers().into_iter().flat_map(Headers::iter);
        let headers = headers.map(|header| (header.key.to_owned(), json!(header.value.map(text))));
        line.insert("headers".to_owned(), Value::Object(headers.collect()));
    }
    line
}

/// Whether the model agrees, and what it says.
fn recount(trial: &Trial) -> (bool, String) {
    let mut command = model::script("day.py");
    command.arg("--input").arg(trial.folder.join("day.jsonl")).arg("--outputs").arg(&trial.folder).args(["--prefix", ""]);
    command.arg("--config").arg(settings()).args([
        "--slots",
        &SLOTS.to_string(),
        "--cuts",
        &CUT_HOURS.map(|hour| hour.to_string()).join(","),
    ]);
    command.args(["--topics", &trial.inputs().join(",")]);
    model::run(&mut command)
}

/// A cell that is one higher, and an action with another reason.
fn would_notice(trial: &Trial) {
    let (cells, actions) = (output_file(trial, "aggregates"), output_file(trial, "actions"));
    let text = fs::read_to_string(&cells).unwrap();
    let mut cell: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let value = if cell["value"].is_object() { &mut cell["value"]["minor"] } else { &mut cell["value"] };
    *value = json!(value.as_i64().unwrap() + 1);
    fs::write(&cells, format!("{text}{cell}\n")).unwrap();
    let text = fs::read_to_string(&actions).unwrap();
    assert!(text.contains(r#""reason":"no_consent""#));
    fs::write(&actions, text.replacen(r#""reason":"no_consent""#, r#""reason":"bounced""#, 1)).unwrap();

    let (agrees, told) = recount(trial);
    assert!(!agrees, "the model agrees with altered outputs");
    assert!(told.contains("\ncell (") && told.contains("\naction ("), "{told}");
}
