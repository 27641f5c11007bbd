//! Two processes of `deliver` share the slots: both send, one is told to stop and another is killed, and no action is sent twice or lost.

use std::collections::BTreeSet;

use lifetide::worker::partition_of;
use serde_json::json;

use super::receiver::Receiver;
use super::{action, id, start, wait_until_done, webhook, write};
use crate::commands::running::{address, get};
use crate::commands::{SOON, finish, wait_for};
use crate::trial::{Process, SLOTS, Trial};

/// The answer to this one never comes.
const HANGS: u32 = 999;

/// Slots whose deliveries it has read, and how many mails it has sent.
fn at_work(process: &mut Process) -> (BTreeSet<String>, u64) {
    let metrics = get(&address(process), "/metrics").1;
    let value = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let sent = metrics.lines().filter(|line| line.starts_with("lifetide_deliveries_total{outcome=\"sent\"")).map(value).sum();
    let slots = metrics.lines().filter_map(|line| line.strip_prefix("lifetide_deliveries_lag_records{partition=\"")?.split('"').next());
    (slots.map(str::to_owned).collect(), sent)
}

fn wait_until_shared(one: &mut Process, other: &mut Process) {
    wait_for("both to have slots", SOON, || {
        let (own, others) = (at_work(one).0, at_work(other).0);
        (!own.is_empty() && !others.is_empty() && own.len() + others.len() == SLOTS as usize).then_some(())
    });
}

/// Processes on one machine need names of their own: who has the same is taken for a later life of the same, and ends the former's transactions.
fn start_as(trial: &mut Trial, name: &str, life: usize) -> Process {
    trial.sets.retain(|set| !set.starts_with("instance.id="));
    trial.sets.push(format!("instance.id={name:?}"));
    start(trial, "webhook", life)
}

fn write_numbers(trial: &Trial, numbers: std::ops::Range<u32>) {
    write(trial, &numbers.map(|number| action(number, json!({}))).collect::<Vec<_>>());
}

#[test]
fn two_processes_share_the_mails_and_when_one_ends_or_is_killed_none_is_sent_twice_or_lost() {
    let receiver = Receiver::start(|asked, _| (asked != id(HANGS)).then_some(200));
    let mut trial = webhook("deliver-two", &receiver);
    // so slow that an end comes in the midst of it
    trial.sets.push("deliver.rate_per_second=30".to_owned());
    let mut first = start_as(&mut trial, "first", 0);
    // the topic of deliveries is made by the first
    address(&mut first);
    let mut second = start_as(&mut trial, "second", 1);
    wait_until_shared(&mut first, &mut second);
    write_numbers(&trial, 0..40);
    wait_for("both to send", SOON, || (at_work(&mut first).1 > 0 && at_work(&mut second).1 > 0).then_some(()));

    write_numbers(&trial, 40..240);
    wait_for("some of many mails", SOON, || (receiver.all_ids().len() > 60).then_some(()));
    assert_eq!(first.stop(SOON), Some(0), "{}", first.log_tail());
    println!("told to stop with {} of 240 sent", receiver.all_ids().len());
    wait_until_done(&trial, &second);
    assert_eq!(receiver.ids(), (0..240).map(id).collect::<Vec<_>>());

    let mut third = start_as(&mut trial, "third", 2);
    wait_until_shared(&mut second, &mut third);
    write_numbers(&trial, 240..280);
    write_numbers(&trial, HANGS..HANGS + 1);
    write_numbers(&trial, 280..320);
    wait_for("the request that hangs", SOON, || receiver.all_ids().contains(&id(HANGS)).then_some(()));
    let slot = partition_of(format!("u-{HANGS}").as_bytes(), SLOTS).to_string();
    let (mut killed, mut left) = if at_work(&mut second).0.contains(&slot) { (second, third) } else { (third, second) };
    killed.kill_9();
    wait_until_done(&trial, &left);
    assert_eq!(receiver.ids(), (0..320).chain([HANGS]).map(id).collect::<Vec<_>>(), "each once, be it in doubt");
    assert_eq!(left.stop(SOON), Some(0), "{}", left.log_tail());
    let listed = finish(&mut trial.command(&["deliver", "--via", "webhook", "--in-doubt"]), SOON);
    // a slot that goes to another process in the midst of an attempt leaves one more in doubt
    let doubtful: Vec<&str> = listed.stdout.lines().collect();
    assert!(listed.code == Some(0) && doubtful.len() <= 1 + SLOTS as usize, "{}{}", listed.stdout, listed.stderr);
    assert!(doubtful.iter().any(|line| line.starts_with(&id(HANGS))), "{}", listed.stdout);
}
