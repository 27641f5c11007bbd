//! What a Prometheus server sees: names and units as its conventions ask, and the numbers that were recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{BatchReport, Build, CommitReport, FigureReport, Metrics, Phase, SlotReport, WorkerMetrics};

const UNITS: [&str; 3] = ["seconds", "bytes", "records"];
/// Whole counts of the thing the name says.
const COUNTS: [&str; 14] = [
    "model_info",
    "build_info",
    "state",
    "workers_alive",
    "timers_pending",
    "assigned_slots",
    "unserved_slots",
    "standby_slots",
    "state_entries",
    "customers",
    "valued_customers",
    "play_orders",
    "acquired_customers",
    "config_last_reload_successful",
];
/// Money, in whole units of the currency that a label names.
const AMOUNTS: [&str; 3] = ["customer_equity", "play_revenue", "acquisition_cost"];
/// Labels that could only hold one value for each customer, cart or message.
const FORBIDDEN_LABELS: [&str; 7] = ["customer", "customer_id", "email", "cart", "cart_id", "message", "error"];

fn recorded() -> Arc<Metrics> {
    let build = Build { version: "1.2.3", librdkafka: "2.12.1" };
    let metrics = Arc::new(Metrics::new(&build, &["shop.carts".to_string()]));
    let worker = WorkerMetrics::new(Arc::clone(&metrics));
    metrics.record_consumed("shop.carts", 3, 900);
    metrics.set_unserved_slots(1, 2);
    metrics.record_lag("shop.carts", 4, 17);
    metrics.record_slot(&SlotReport { slot: 4, entries: 10, bytes: 4000, timers_pending: 2, time_lag_ms: 1500 });
    metrics.record_restore_remaining(4, 8, 4096);
    metrics.record_restored(5, 100, 5000, 250);
    metrics.set_standby_slots(0, 1);
    metrics.record_standby(7, 9000, 3, 1200);
    metrics.record_rebalance("assign", 2000);
    metrics.set_assigned_slots(0, 2);
    metrics.set_workers_alive(1);
    metrics.record_worker_restart();
    metrics.set_state("running");
    metrics.set_figures(&FigureReport {
        customers: vec![("lead".to_owned(), 3)],
        valued_customers: vec![("USD".to_owned(), 2)],
        customer_equity: vec![("USD".to_owned(), 57.2)],
        play_orders: vec![("cart_recovery".to_owned(), 1)],
        play_revenue: vec![(["cart_recovery".to_owned(), "USD".to_owned()], 12.5)],
        acquired_customers: vec![("email".to_owned(), 2)],
        acquisition_cost: vec![(["email".to_owned(), "USD".to_owned()], 9.5)],
    });
    metrics.set_model("shop", "2026-01");
    metrics.expect_deliveries(["cart_recovery"].iter());
    metrics.record_delivery("sent", "cart_recovery");
    metrics.record_handing_over("smtp", 30_000);
    metrics.record_deliveries_lag(4, 2);
    worker.record_batch(&BatchReport {
        events: &[("Product Added", "applied", 2), ("Wheel \"Spun\"", "ignored", 1), ("Jane was here", "ignored", 1)],
        dead_letters: &[("invalid_json", "decode", 1)],
        refusals: &[("refund_unmatched", 1)],
        relayed: &[("merge_row", "applied", 2)],
        transitions: &[("none", "visitor", 1)],
        actions: &[("cart_recovery", "suppressed", "no_consent", 1)],
        clv_updates: &[("USD", 1)],
        timer_delays_ms: &[20, -5],
        processing_us: 1500,
    });
    worker.record_commit(&CommitReport {
        outcome: "committed",
        phases: &[(Phase::Commit, 12_000)],
        produced: &[("lifetide.actions", 1)],
        delta_bytes: 500,
        base_bytes: 700,
        latencies_ms: &[30, 40],
    });
    metrics
}

#[test]
fn what_happened_can_be_read_in_the_exposition() {
    let text = recorded().exposition();
    let wanted = [
        "lifetide_build_info{librdkafka=\"2.12.1\",version=\"1.2.3\"} 1",
        "lifetide_state{state=\"running\"} 1",
        "lifetide_state{state=\"starting\"} 0",
        "lifetide_records_consumed_total{topic=\"shop.carts\"} 3",
        "lifetide_consumer_lag_records{partition=\"4\",topic=\"shop.carts\"} 17",
        "lifetide_events_processed_total{event_type=\"Product Added\",outcome=\"applied\"} 2",
        "lifetide_events_processed_total{event_type=\"other\",outcome=\"ignored\"} 2",
        "lifetide_dead_letters_total{reason=\"invalid_json\",stage=\"decode\"} 1",
        "lifetide_actions_total{kind=\"suppressed\",play=\"cart_recovery\",reason=\"no_consent\"} 1",
        "lifetide_relay_messages_total{fate=\"applied\",kind=\"merge_row\"} 2",
        "lifetide_acquired_customers{channel=\"email\"} 2",
        "lifetide_acquisition_cost{channel=\"email\",currency=\"USD\"} 9.5",
        "lifetide_slot_time_lag_seconds{slot=\"4\"} 1.5",
        "lifetide_worker_restarts_total 1",
        "lifetide_unserved_slots{worker=\"1\"} 2",
        "lifetide_timers_fired_total 2",
        "lifetide_timer_delay_seconds_sum 0.02",
        "lifetide_end_to_end_latency_seconds_count 2",
        "lifetide_transactions_total{outcome=\"committed\"} 1",
        "lifetide_transactions_total{outcome=\"fenced\"} 0",
        "lifetide_transaction_duration_seconds_bucket{phase=\"commit\",le=\"0.025\"} 1",
        "lifetide_changelog_bytes_total{kind=\"base\"} 700",
        "lifetide_state_restore_remaining_records{slot=\"4\"} 8",
        "lifetide_state_restore_remaining_records{slot=\"5\"} 0",
        "lifetide_standby_slots{worker=\"0\"} 1",
        "lifetide_standby_bytes{slot=\"7\"} 9000",
        "lifetide_standby_remaining_records{slot=\"7\"} 3",
        "lifetide_standby_remaining_bytes{slot=\"7\"} 1200",
    ];
    for line in wanted {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
    assert!(!text.contains("Jane") && !text.contains("Wheel"));
}

#[test]
fn names_helps_units_and_labels_follow_the_conventions() {
    let text = recorded().exposition();
    let mut helped = BTreeSet::new();
    let mut typed = BTreeSet::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            assert!(help.len() > 10 && help.ends_with('.'), "{name}: help `{help}`");
            assert!(helped.insert(name.to_string()), "{name} twice");
        }
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        typed.insert(name.to_string());
        if name.starts_with("process_") {
            continue;
        }
        let own = name.strip_prefix("lifetide_").unwrap_or_else(|| panic!("{name} has no prefix"));
        assert!(own.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        let last = own.rsplit('_').next().unwrap();
        match kind {
            "counter" => assert_eq!(last, "total", "{name}"),
            "histogram" => assert_eq!(last, "seconds", "{name}"),
            _ => assert!(
                last != "total" && (UNITS.contains(&last) || COUNTS.contains(&own) || AMOUNTS.contains(&own)),
                "{name}: {kind} of what?"
            ),
        }
    }
    assert_eq!(helped, typed);
    assert!(typed.contains("lifetide_state") && typed.len() > 30, "{typed:?}");
    #[cfg(target_os = "linux")]
    assert!(typed.contains("process_resident_memory_bytes"));
    for label in FORBIDDEN_LABELS {
        assert!(!text.contains(&format!("{label}=\"")), "label {label}");
    }
}

/// Name, kind, labels and meaning of every metric, in order.
fn reference() -> String {
    let text = recorded().exposition();
    let (mut kinds, mut helps, mut labels) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kinds.insert(name, kind);
        } else if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            helps.insert(name, help);
        } else if let Some((name, rest)) = line.split_once('{') {
            let name = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|name| kinds.contains_key(name))
                .unwrap_or(name);
            let names = rest.split('}').next().unwrap().split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name);
            labels.entry(name).or_default().extend(names.filter(|name| *name != "le"));
        }
    }
    let mut table = "# Metrics\n\nMade from the code by a test, which says how to make it anew. Labels never name a customer. Those of `process_` are the library's.\n\n\
                     | name | kind | labels | what |\n|---|---|---|---|\n"
        .to_owned();
    for (name, kind) in kinds {
        let labels: Vec<String> = labels.get(name).into_iter().flatten().map(|label| format!("`{label}`")).collect();
        table += &format!("| `{name}` | {kind} | {} | {} |\n", labels.join(", "), helps[name]);
    }
    table
}

#[test]
fn the_committed_reference_is_that_of_the_code() {
    let (path, found) = (concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md"), reference());
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if committed != found {
        let made = std::env::temp_dir().join(format!("lifetide-metrics-{}.md", std::process::id()));
        std::fs::write(&made, &found).unwrap();
        panic!("docs/metrics.md is not of this code: if the change is meant, cp {} docs/metrics.md", made.display());
    }
    // nothing is defined that the reference leaves out
    let definitions = include_str!("definitions.rs").split("list.").skip(1).filter_map(|made| made.split('"').nth(1));
    let missing: Vec<&str> = definitions.filter(|name| !found.contains(&format!("| `lifetide_{name}` |"))).collect();
    assert!(missing.is_empty(), "not recorded above: {missing:?}");
}

#[test]
fn a_slot_that_left_leaves_no_series_behind() {
    let metrics = recorded();
    assert!(metrics.exposition().contains("slot=\"4\""));
    metrics.forget_slot(4);
    metrics.forget_slot(9);
    metrics.forget_standby(7);
    metrics.forget_deliveries_lag(4);
    let text = metrics.exposition();
    assert!(!text.contains("slot=\"4\"") && !text.contains("partition=\"4\""), "{text}");
    assert!(text.contains("slot=\"5\"") && !text.contains("slot=\"7\""));
}
