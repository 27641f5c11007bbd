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
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => CommandError::Stdout(error),
        kind => CommandError::Failed(format!("cannot write a line: {kind:?}")),
    };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::replay::history::History;
    use crate::cli::replay::lines::event_line;
    use crate::config::Sources;

    const MODELS: &str = r#"clv.models="tests/scenarios/segments.toml""#;

    /// Three who bought often and well and have been silent for months, and one who has just ordered; one of the three has said no, one was never asked.
    fn history() -> String {
        let mut lines = String::new();
        for (customer, consent) in [
            ("ann", r#","email_marketing_consent":"subscribed""#),
            ("bob", ""),
            ("cy", r#","email_marketing_consent":"unsubscribed""#),
            ("dee", ""),
        ] {
            lines += &format!(
                r#"{{"type":"identify","userId":"{customer}","timestamp":"2026-01-01T09:00:00Z","traits":{{"email":"{customer}@example.com"{consent}}}}}"#
            );
            lines.push('\n');
        }
        for (number, day) in ["01-02", "01-12", "01-22", "02-01"].iter().enumerate() {
            for customer in ["ann", "bob", "cy"] {
                lines += &format!(
                    r#"{{"type":"track","event":"Order Completed","userId":"{customer}","timestamp":"2026-{day}T10:00:00Z","properties":{{"order_id":"{customer}-{number}","total":90,"currency":"USD"}}}}"#
                );
                lines.push('\n');
            }
        }
        lines
            + r#"{"type":"track","event":"Order Completed","userId":"dee","timestamp":"2026-12-01T10:00:00Z","properties":{"order_id":"d","total":90,"currency":"USD"}}"#
    }

    #[test]
    fn a_segment_is_listed_with_address_and_consent() {
        let read_file = |path: &str| std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        let sources = Sources { files: &[], environment: &[], sets: &[MODELS.to_owned()], host_name: Some("test"), read_file: &read_file };
        let config = Config::read(&sources).unwrap();
        let mut history_of_all = History::new(&config, 1, None);
        history().lines().for_each(|line| history_of_all.add(event_line(line).unwrap()).unwrap());
        history_of_all.run(|_| {}).unwrap();
        let at_risk = [config::condition(r#"segment = "at_risk""#, &config.engine).unwrap()];
        let listed = |id: &str| {
            let row = history_of_all.committed().with_row(0, engine::hash_of(id), id, |row| engine::read_row(row).unwrap());
            let mut customer = row.unwrap();
            let at_ms = customer.now_ms;
            engine::member(&mut customer, &at_risk, &config.engine, at_ms).map(|member| record(id, &member))
        };
        let column = |name: &str| HEADING.iter().position(|heading| *heading == name).unwrap();
        for (id, consent, source) in [("ann", "subscribed", "trait"), ("bob", "", ""), ("cy", "unsubscribed", "trait")] {
            let row = listed(id).unwrap_or_else(|| panic!("{id} is not listed"));
            let found = ["customer_id", "email", "consent", "consent_source", "segment"].map(|name| row[column(name)].as_str());
            assert_eq!(found, [id, &format!("{id}@example.com"), consent, source, "at_risk"]);
        }
        assert_eq!(listed("dee"), None);
    }
}
