//! The picture of `top`: lines of text from two looks at each instance.
//!
//! It asks nobody, reads no clock and draws on nothing. Called by `top`.

use super::scrape::Scrape;

/// Rows of a table of moves or actions: the busiest.
const ROWS_MAX: usize = 10;
/// Between the two columns of tables.
const GAP: &str = "   ";

/// An instance, as it was found now and before.
pub struct Look {
    pub url: String,
    pub before: Option<Scrape>,
    pub now: Result<Scrape, String>,
    /// Of the look that is `now`.
    pub at_ms: u64,
    /// From the look before to this one.
    pub seconds: f64,
}

/// At most so many lines and columns.
pub fn draw(looks: &[Look], (lines, columns): (usize, usize)) -> Vec<String> {
    let (mut now, mut rates, mut since) = (Scrape::default(), Scrape::default(), Scrape::default());
    for look in looks {
        if let Ok(found) = &look.now {
            now.add(found);
            if let Some(before) = look.before.as_ref().filter(|_| look.seconds > 0.0) {
                let counted = found.since(before);
                rates.add(&counted.clone().times(1.0 / look.seconds));
                since.add(&counted);
            }
        }
    }
    let mut picture: Vec<String> = looks.iter().map(instance).collect();
    picture.push(String::new());
    picture.extend(work(&now, &rates, &since));
    picture.push(String::new());
    picture.extend(side_by_side(stages(&now), moves(&rates)));
    picture.push(String::new());
    picture.extend(actions(&now, &rates));
    picture.truncate(lines);
    picture.iter().map(|line| line.trim_end().chars().take(columns).collect()).collect()
}

fn instance(look: &Look) -> String {
    let found = match &look.now {
        Ok(found) => found,
        Err(why) => return format!("{:<32} {why}", look.url),
    };
    let state =
        found.by("lifetide_state", &["state"]).into_iter().next().map_or_else(|| "no lifetide".to_owned(), |(key, _)| key[0].clone());
    let waiting = found.total("lifetide_unserved_slots");
    let mut line = format!("{:<32} {state:<10} {} slots", look.url, grouped(found.total("lifetide_assigned_slots")));
    if waiting > 0.0 {
        line += &format!(", {} of them not served", grouped(waiting));
    }
    let restoring = found.by("lifetide_state_restore_remaining_bytes", &["slot"]).iter().filter(|(_, bytes)| *bytes > 0.0).count();
    if restoring > 0 {
        let left = found.total("lifetide_state_restore_remaining_bytes");
        line += &format!(", {restoring} being restored: {} left", bytes(left));
    }
    line + &format!(", {} of memory", bytes(found.total("process_resident_memory_bytes")))
}

fn work(now: &Scrape, rates: &Scrape, since: &Scrape) -> Vec<String> {
    let seconds = |share: f64| {
        let found = since.quantile("lifetide_end_to_end_latency_seconds", share);
        found.map_or("-".to_owned(), |seconds| format!("{seconds:.2} s"))
    };
    let transactions = rates.by("lifetide_transactions_total", &["outcome"]);
    let failed: f64 = transactions.iter().filter(|(key, _)| key[0] != "committed").map(|(_, rate)| rate).sum();
    let committed = rates.total("lifetide_transactions_total") - failed;
    let lag = now.by("lifetide_consumer_lag_records", &["topic"]);
    let lag: Vec<String> = lag.iter().map(|(key, records)| format!("{} {}", key[0], grouped(*records))).collect();
    let equity = now.by("lifetide_customer_equity", &["currency"]);
    let equity: Vec<String> = equity.iter().map(|(key, amount)| format!("{} {}", grouped(*amount), key[0])).collect();
    vec![
        format!(
            "events       {}/s taken, {}/s applied, {}/s dead letters",
            rate(rates.total("lifetide_records_consumed_total")),
            rate(rates.total("lifetide_events_processed_total")),
            rate(rates.total("lifetide_dead_letters_total"))
        ),
        format!(
            "written      {}/s records in {}/s transactions, {}/s failed",
            rate(rates.total("lifetide_records_produced_total")),
            rate(committed),
            rate(failed)
        ),
        format!("latency      p50 {}, p99 {} (event to commit)", seconds(0.5), seconds(0.99)),
        format!("lag          {}", if lag.is_empty() { "-".to_owned() } else { lag.join(", ") }),
        format!(
            "state        {} customers, {}, {} waiting for a deadline",
            grouped(now.total("lifetide_state_entries")),
            bytes(now.total("lifetide_state_bytes")),
            grouped(now.total("lifetide_timers_pending"))
        ),
        format!("equity       {}", if equity.is_empty() { "-".to_owned() } else { equity.join(", ") }),
    ]
}

fn stages(now: &Scrape) -> Vec<String> {
    let rows = now.by("lifetide_customers", &["stage"]).into_iter();
    let rows = rows.map(|(key, count)| format!("{:<20}{:>12}", key[0], grouped(count)));
    std::iter::once(format!("{:<20}{:>12}", "STAGE", "customers")).chain(rows).collect()
}

fn moves(rates: &Scrape) -> Vec<String> {
    let rows = rates.by("lifetide_lifecycle_transitions_total", &["from", "to"]);
    let rows = rows.into_iter().filter(|(_, found)| *found > 0.0).take(ROWS_MAX);
    let rows = rows.map(|(key, found)| format!("{:<34}{:>8}", format!("{} -> {}", key[0], key[1]), rate(found)));
    std::iter::once(format!("{:<34}{:>8}", "MOVE", "/s")).chain(rows).collect()
}

fn actions(now: &Scrape, rates: &Scrape) -> Vec<String> {
    const LABELS: [&str; 3] = ["play", "kind", "reason"];
    const NAME: &str = "lifetide_actions_total";
    let rates = rates.by(NAME, &LABELS);
    let rate_of = |key: &[String]| rates.iter().find(|(other, _)| other == key).map_or(0.0, |(_, found)| *found);
    let rows = now.by(NAME, &LABELS).into_iter().take(ROWS_MAX);
    let rows =
        rows.map(|(key, count)| format!("{:<24}{:<12}{:<22}{:>12}{:>8}", key[0], key[1], key[2], grouped(count), rate(rate_of(&key))));
    std::iter::once(format!("{:<24}{:<12}{:<22}{:>12}{:>8}", "PLAY", "action", "reason", "so far", "/s")).chain(rows).collect()
}

fn side_by_side(left: Vec<String>, right: Vec<String>) -> Vec<String> {
    let width = left.iter().map(String::len).max().unwrap_or_default();
    let line = |list: &[String], at: usize| list.get(at).cloned().unwrap_or_default();
    (0..left.len().max(right.len())).map(|at| format!("{:<width$}{GAP}{}", line(&left, at), line(&right, at))).collect()
}

/// Whole, in groups of three digits.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 { format!("-{text}") } else { text }
}

/// Small ones with a digit behind the point.
fn rate(number: f64) -> String {
    if number > 0.0 && number < 10.0 { format!("{number:.1}") } else { grouped(number) }
}

fn bytes(number: f64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let (mut left, mut unit) = (number, 0);
    while left >= 1000.0 && unit + 1 < UNITS.len() {
        (left, unit) = (left / 1000.0, unit + 1);
    }
    if unit == 0 { format!("{left:.0} B") } else { format!("{left:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::{BatchReport, Build, CommitReport, FigureReport, Metrics, SlotReport, WorkerMetrics};

    fn look(before: &Metrics, now: &Metrics) -> Look {
        let scrape = |metrics: &Metrics| Scrape::read(&metrics.exposition());
        Look { url: "http://a:9464".into(), before: Some(scrape(before)), now: Ok(scrape(now)), at_ms: 0, seconds: 2.0 }
    }

    fn metrics() -> Arc<Metrics> {
        Arc::new(Metrics::new(&Build { version: "1", librdkafka: "2" }, &["shop.carts".to_owned()]))
    }

    /// An instance that has done a little.
    fn busy() -> Arc<Metrics> {
        let metrics = metrics();
        let worker = WorkerMetrics::new(Arc::clone(&metrics));
        metrics.set_state("running");
        metrics.set_assigned_slots(0, 4);
        metrics.record_consumed("shop.carts", 2_400, 90_000);
        metrics.record_lag("shop.carts", 1, 17);
        metrics.record_slot(&SlotReport { slot: 1, entries: 12_345, bytes: 4_000_000, timers_pending: 20, time_lag_ms: 0 });
        metrics.set_figures(&FigureReport {
            customers: vec![("lead".to_owned(), 10_000), ("repeat".to_owned(), 2_345)],
            ..FigureReport::default()
        });
        worker.record_batch(&BatchReport {
            events: &[("Product Added", "applied", 2_000)],
            dead_letters: &[("invalid_json", "decode", 3)],
            refusals: &[],
            relayed: &[],
            transitions: &[("none", "lead", 30)],
            actions: &[("cart_recovery", "suppressed", "no_consent", 8)],
            clv_updates: &[],
            timer_delays_ms: &[],
            processing_us: 1,
        });
        let produced = [("lifetide.actions", 40)];
        let report =
            CommitReport { outcome: "committed", phases: &[], produced: &produced, delta_bytes: 1, base_bytes: 0, latencies_ms: &[30, 40] };
        worker.record_commit(&report);
        metrics
    }

    #[test]
    fn two_looks_at_real_metrics_make_a_picture() {
        let text = draw(&[look(&metrics(), &busy())], (100, 120)).join("\n");
        let wanted = [
            "http://a:9464                    running    4 slots",
            "events       1,200/s taken, 1,000/s applied, 1.5/s dead letters",
            "written      20/s records in 0.5/s transactions, 0/s failed",
            "latency      p50 0.04 s, p99 0.05 s (event to commit)",
            "lag          shop.carts 17",
            "state        12,345 customers, 4.0 MB, 20 waiting for a deadline",
            "lead                      10,000   none -> lead                            15",
            "repeat                     2,345",
            "cart_recovery           suppressed  no_consent                       8     4.0",
        ];
        for line in wanted {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn instances_add_up_and_one_that_is_away_is_told() {
        let away = Look { url: "http://b:9464".into(), before: None, now: Err("connection refused".into()), at_ms: 0, seconds: 0.0 };
        let new = Look { before: None, ..look(&metrics(), &busy()) };
        let text = draw(&[look(&metrics(), &busy()), away, new], (100, 120)).join("\n");
        assert!(text.contains("http://b:9464                    connection refused"), "{text}");
        assert!(text.contains("state        24,690 customers"), "{text}");
        assert!(text.contains("events       1,200/s taken"), "who has just come has no rate yet: {text}");
    }

    #[test]
    fn a_picture_fits_its_terminal() {
        let picture = draw(&[look(&metrics(), &busy())], (5, 30));
        assert_eq!(picture.len(), 5);
        assert!(picture.iter().all(|line| line.chars().count() <= 30), "{picture:?}");
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0.0, 12.4, 999.6, 1_234_567.0, -1_234.0].map(grouped), ["0", "12", "1,000", "1,234,567", "-1,234"]);
        assert_eq!([12.0, 1_500.0, 2_500_000.0].map(bytes), ["12 B", "1.5 kB", "2.5 MB"]);
    }
}
