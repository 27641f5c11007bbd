//! `state export --where`: the customers of whom something is so, as a list for a mailer: comma-separated values with a heading.
//!
//! It reads all slots back with every check, one after the other, so what it lists is what the group has committed; a slot that `run` would
//! refuse ends it. Conditions are those of plays, asked as of now. It sends nothing and decides nothing. Called by `export`.

use std::io::stdout;

use crate::cli::exit::CommandError;
use crate::cli::process::now;
use crate::cli::replay::major;
use crate::cli::{instant, rules};
use crate::clock;
use crate::config::{self, Config};
use crate::engine::{self, Condition, Member, Stage};
use crate::kafka::Visitor;
use crate::worker::{WorkerError, offline};

const HEADING: [&str; 16] = [
    "customer_id",
    "email",
    "first_name",
    "locale",
    "consent",
    "consent_source",
    "consent_at",
    "bounced",
    "stage",
    "segment",
    "value_band",
    "tier",
    "orders",
    "net",
    "currency",
    "expected_value",
];

pub fn export(conditions: &[String], config: &Config) -> Result<(), CommandError> {
    let parsed: Result<Vec<Condition>, String> = conditions.iter().map(|text| config::condition(text, &config.engine)).collect();
    let conditions = parsed.map_err(CommandError::Failed)?;
    let mut visitor = Visitor::open(&rules::kafka_settings(config)).map_err(WorkerError::from)?;
    let mut table = csv::Writer::from_writer(stdout().lock());
    let failed = |error: csv::Error| CommandError::Failed(format!("cannot write to stdout: {error}"));
    table.write_record(HEADING).map_err(failed)?;
    let at_ms = clock::wall_ms();
    for slot in 0..visitor.slots() {
        let found = offline::inspect(&mut visitor, &rules::consumed_topics(config), slot, &now)?;
        let state = found.state.as_ref().map_err(|why| CommandError::Failed(format!("slot {slot}: {why}")))?;
        for (_, id, row) in state.regions.iter().flat_map(|(_, region)| region.rows()) {
            let read = engine::read_row(row);
            let mut customer = read.map_err(|error| CommandError::Failed(format!("slot {slot}: a row cannot be read: {error}")))?;
            if let Some(member) = engine::member(&mut customer, &conditions, &config.engine, at_ms) {
                table.write_record(record(&String::from_utf8_lossy(id), &member)).map_err(failed)?;
            }
        }
    }
    table.flush()?;
    Ok(())
}

fn record(id: &str, member: &Member<'_>) -> [String; HEADING.len()] {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let (status, source, at_ms) = member.consent.map_or(("", "", None), |(status, source, at_ms)| (status, source, Some(at_ms)));
    let amount = |minor: i128, currency: crate::event::Currency| major(minor, currency.exponent());
    [
        id.to_owned(),
        text(member.email),
        text(member.first_name),
        text(member.locale),
        status.to_owned(),
        source.to_owned(),
        at_ms.map_or_else(String::new, instant),
        if member.has_bounced { "yes" } else { "no" }.to_owned(),
        text(member.stage.as_ref().map(Stage::as_str)),
        text(member.segment),
        text(member.value_band),
        text(member.tier),
        member.orders.to_string(),
        member.net.map_or_else(String::new, |net| amount(net.minor, net.currency)),
        member.net.map_or_else(String::new, |net| net.currency.code().to_owned()),
        member.expected.map_or_else(String::new, |expected| amount(expected.minor, expected.currency)),
    ]
}
