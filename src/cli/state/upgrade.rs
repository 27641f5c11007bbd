//! `state upgrade`: the end of a rolling upgrade, from which on rows are written that the version before cannot read.
//!
//! It asks the group who its members are, refuses while one of them does not read the newest rows, and puts a word for every slot into the
//! first input topic, all in one transaction: whoever owns a slot then obeys at that place in its history. It writes no state itself and
//! may be repeated. Members that are stopped it cannot see; one of an older version that starts later refuses the slots by name. Called by
//! `state`.

use std::io::{Write, stdout};

use clap::Args;
use serde_json::json;

use super::{Told, confirm};
use crate::cli::OutputFormat;
use crate::cli::dlq::failed;
use crate::cli::exit::CommandError;
use crate::cli::rules;
use crate::cli::settings::SettingsArgs;
use crate::clock;
use crate::engine::RowVersion;
use crate::kafka::{FeedRecord, Feeder, Member, Settings, Visitor};
use crate::worker::WorkerError;
use crate::worker::upgrade::{GROUP, VERSION};

/// Names the producer.
const PRODUCER: &str = "upgrade";

#[derive(Debug, Args)]
pub struct UpgradeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Do it; without this it is only shown
    #[arg(long)]
    yes: bool,
    /// Although there are members that do not say what they read (a `client.id` of your own hides it)
    #[arg(long)]
    force: bool,
    /// text or json
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    output: OutputFormat,
}

pub fn upgrade(arguments: &UpgradeArgs) -> Result<(), CommandError> {
    let config = arguments.settings.read()?;
    let settings = rules::kafka_settings(&config);
    let visitor = Visitor::open(&settings).map_err(WorkerError::from)?;
    let members = visitor.members().map_err(WorkerError::from)?;
    let hindrance = hindrance(&members, arguments.force);
    let is_done = arguments.yes && hindrance.is_none();
    if is_done {
        send(&settings, visitor.slots())?;
    }
    let Told { lines, value } = describe(&members, visitor.slots(), is_done);
    match arguments.output {
        OutputFormat::Text => writeln!(stdout(), "{}", lines.join("\n"))?,
        OutputFormat::Json => writeln!(stdout(), "{value}")?,
    }
    match hindrance {
        Some(why) => Err(CommandError::Failed(why)),
        None => confirm(arguments.yes),
    }
}

/// Why the newest rows may not be written yet.
fn hindrance(members: &[Member], is_forced: bool) -> Option<String> {
    let newest = RowVersion::NEWEST.number();
    let of = |is_meant: fn(&Member, u8) -> bool| {
        let meant = members.iter().filter(|member| is_meant(member, newest));
        meant.map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let older = of(|member, newest| member.reads_rows.is_some_and(|version| version < newest));
    if !older.is_empty() {
        return Some(format!("members that do not read rows of version {newest}: {older}; upgrade them first"));
    }
    let silent = of(|member, _| member.reads_rows.is_none());
    if silent.is_empty() || is_forced {
        return None;
    }
    Some(format!(
        "members that do not say which rows they read: {silent}; upgrade them first, or add --force if they are of this version under a client.id of your own"
    ))
}

fn send(settings: &Settings, slots: u32) -> Result<(), CommandError> {
    let version = RowVersion::NEWEST.to_string();
    let headers = [(VERSION, version.as_bytes()), (GROUP, settings.group_id.as_bytes())];
    let feeder = Feeder::open(settings, PRODUCER).map_err(failed)?;
    feeder.begin().map_err(failed)?;
    for slot in 0..slots {
        let record = FeedRecord {
            topic: &settings.input_topics[0],
            partition: slot,
            key: None,
            value: None,
            timestamp_ms: Some(clock::wall_ms()),
            headers: &headers,
        };
        feeder.send(&record).map_err(failed)?;
    }
    feeder.commit().map_err(failed)
}

fn describe(members: &[Member], slots: u32, is_done: bool) -> Told {
    let newest = RowVersion::NEWEST.number();
    let verb = if is_done { "were told" } else { "would be told" };
    let mut lines = vec![format!("{slots} slots {verb} to write rows of version {newest} from here on")];
    lines.extend(members.iter().map(|member| {
        let reads = member
            .reads_rows
            .map_or("does not say which rows it reads".to_owned(), |version| format!("reads rows up to version {version}"));
        format!("  member     {} {reads}", member.name)
    }));
    let value = json!({
        "slots": slots,
        "done": is_done,
        "row_version": newest,
        "members": members.iter().map(|member| json!({ "name": member.name, "reads_rows": member.reads_rows })).collect::<Vec<_>>(),
    });
    Told { lines, value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_left_behind_and_only_the_silent_may_be_passed_over() {
        let newest = RowVersion::NEWEST.number();
        let member = |name: &str, reads_rows| Member { name: name.to_owned(), reads_rows, address: None, slots: Vec::new() };
        let (new, newer) = (member("a", Some(newest)), member("b", Some(newest + 1)));
        let (old, silent) = (member("c", Some(newest - 1)), member("d", None));
        assert_eq!(hindrance(&[], false), None);
        assert_eq!(hindrance(&[new.clone(), newer], false), None);
        let told = hindrance(&[new.clone(), old, silent.clone()], true).unwrap();
        assert!(told.contains(&format!("version {newest}: c; upgrade")), "{told}");
        let told = hindrance(&[new.clone(), silent.clone()], false).unwrap();
        assert!(told.contains("read: d; upgrade them first, or add --force"), "{told}");
        assert_eq!(hindrance(&[new, silent], true), None);
    }
}
