//! `report`: from events to what a marketer reads of each play, in every form.

use std::fs;
use std::path::Path;

use super::{Outcome, SOON, finish, lifetide};

fn run_to_end(arguments: &[&str]) -> Outcome {
    finish(&mut lifetide(arguments), SOON)
}

/// The cells of a shop of twenty customers with a cart each, all of whom order within five days; the first clicks a mail.
fn aggregates(folder: &Path) -> String {
    fs::create_dir_all(folder).unwrap();
    let mut lines = String::new();
    let mut track = |customer: usize, at: &str, event: &str, properties: &str| {
        lines += &format!(
            r#"{{"type":"track","event":"{event}","userId":"u-{customer}","timestamp":"{at}","context":{{"traits":{{"email":"u-{customer}@example.com"}}}},"properties":{{{properties}}}}}"#
        );
        lines.push('\n');
    };
    for customer in 0..20 {
        let product = r#""cart_id":"c","product_id":"p","price":10,"quantity":1,"currency":"USD""#;
        track(customer, "2026-01-05T08:00:00Z", "Product Added", product);
    }
    for customer in 0..20 {
        track(customer, "2026-01-05T10:00:00Z", "Email Link Clicked", r#""campaign_id":"cart_recovery""#);
    }
    for customer in 0..20 {
        track(customer, "2026-01-06T08:00:00Z", "Order Completed", &format!(r#""order_id":"o-{customer}","total":12.5,"currency":"USD""#));
    }
    lines += r#"{"type":"track","event":"Cost Recorded","anonymousId":"ads","timestamp":"2026-01-06T09:00:00Z","properties":{"cost_id":"k","kind":"acquire","amount":40,"currency":"USD","channel":"unknown"}}"#;
    let (input, output) = (folder.join("input.jsonl"), folder.join("out"));
    fs::write(&input, lines).unwrap();
    let paths = [&input, &output].map(|path| path.to_str().unwrap().to_owned());
    let sets = ["consent.require=none", "plays.cart_recovery.control=0.5", "input.topics=[\"shop\"]"];
    let steps = r#"plays.cart_recovery.steps=[{ delay = "1h", templates = ["a", "b"] }]"#;
    let replay = [
        "replay", "--slots", "3", "--input", &paths[0], "--output", &paths[1], "--set", sets[0], "--set", sets[1], "--set", sets[2],
        "--set", steps,
    ];
    let replayed = run_to_end(&replay);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    output.join("lifetide.aggregates.jsonl").to_str().unwrap().to_owned()
}

#[test]
fn a_play_is_told_by_week_in_every_form() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{}", std::process::id()));
    let cells = aggregates(&folder);
    let text = run_to_end(&["report", &cells]);
    assert_eq!((text.code, text.stdout.lines().count()), (Some(0), 2), "{}{}", text.stdout, text.stderr);
    let csv = run_to_end(&["report", &cells, "-o", "csv"]).stdout;
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let [week, play, sent, suppressed, reasons, delivered, clicked, orders, revenue, treated, control, lift, ..] = row[..] else {
        panic!("{csv}")
    };
    assert_eq!([week, play, delivered, clicked, orders, revenue], ["2026-01-05", "cart_recovery", "0", "20", "20", "250.00 USD"]);
    let (sent, suppressed): (u32, u32) = (sent.parse().unwrap(), suppressed.parse().unwrap());
    assert_eq!((sent + suppressed, reasons), (20, format!("control {suppressed}").as_str()));
    assert_eq!(
        (treated, control, lift),
        (format!("{sent} of {sent}").as_str(), format!("{suppressed} of {suppressed}").as_str(), "+0.0 %")
    );
    // twenty carts of ten dollars, twenty orders of 12.50
    assert_eq!(&row[16..], ["20", "200.00 USD", "100.0 %", "125.0 % USD"], "{csv}");
    let told = run_to_end(&["report", &cells, "--about", "variants", "-o", "csv"]).stdout;
    let variants: Vec<Vec<&str>> = told.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let [a, b] = &variants[..] else { panic!("{told}") };
    let (of_a, of_b): (u32, u32) = (a[3].parse().unwrap(), b[3].parse().unwrap());
    assert_eq!((&a[..3], &b[..3], of_a + of_b), (&["cart_recovery", "1", "a"][..], &["cart_recovery", "1", "b"][..], sent), "{told}");
    assert_eq!((a[4], b[4], a[5], b[7]), (&*format!("{of_a} of {of_a}"), &*format!("{of_b} of {of_b}"), "100.0 %", "12.50 USD"), "{told}");
    assert_eq!((a[8], b[8]), ("", "+0.0 %"), "the first by name stands for itself: {told}");
    let page = run_to_end(&["report", &cells, "-o", "html"]).stdout;
    assert!(page.starts_with("<!doctype html>") && page.contains("<td>cart_recovery</td>") && !page.contains("<script"), "{page}");
    let told = run_to_end(&["report", &cells, "--about", "economics", "-o", "csv", "--set", "clv.margin=0.5"]).stdout;
    let mut table = csv::Reader::from_reader(told.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let channel = rows.iter().find(|row| &row[0] == "channel").unwrap_or_else(|| panic!("{told}"));
    let wanted = ["channel", "unknown", "20", "40.00 USD", "2.00 USD"];
    assert_eq!(channel.iter().take(5).collect::<Vec<_>>(), wanted, "{told}");
    let amount = |place: usize| channel[place].strip_suffix(" USD").unwrap().parse::<f64>().unwrap();
    let (clv, max_cac, ratio) = (amount(5), amount(6), channel[7].parse::<f64>().unwrap());
    assert!(clv > 12.5 && (max_cac - clv / 2.0).abs() <= 0.01 && (ratio - max_cac / 2.0).abs() <= 0.01, "{told}");
    assert_eq!((&channel[8], &channel[9], &channel[10]), ("20", "100.0 %", &channel[6]), "{told}");
    assert!(rows.iter().any(|row| &row[0] == "cohort" && &row[1] == "2026-01"), "{told}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_is_no_cell_is_named_with_its_line() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{}.jsonl", std::process::id()));
    fs::write(&file, "\n{\"name\":1}\n").unwrap();
    let refused = run_to_end(&["report", file.to_str().unwrap()]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("line 2: expected a record of the aggregates topic"), "{}", refused.stderr);
    fs::write(&file, "").unwrap();
    let nothing = run_to_end(&["report", file.to_str().unwrap()]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), "no play has done anything in these records\n"));
    fs::remove_file(&file).unwrap();
}
