//! `fit`: published figures, what it makes of bad input, refunds and currencies, and that `run` takes what it writes.

mod discrete;
mod live;

use serde_json::{Value, json};

use super::{Folder, Outcome, SOON, finish, lifetide};

const CDNOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/CDNOW_sample.txt");

fn fit(arguments: &[&str]) -> Outcome {
    finish(lifetide(&["fit"]).args(arguments), SOON)
}

fn shown(arguments: &[&str]) -> Value {
    let outcome = fit(&[arguments, &["-o", "json"]].concat());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.json()
}

fn model<'a>(shown: &'a Value, name: &str) -> &'a Value {
    shown["models"].as_array().unwrap().iter().find(|model| model["model"] == name).unwrap_or_else(|| panic!("no {name} in {shown}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Rows of `customers` who bought in weeks 0, c % 9 + 1, c % 5 + 20 …, as many as c % 4; the last column in dollars.
fn list(customers: usize) -> Vec<String> {
    let day = |days: usize| format!("2025-{:02}-{:02}", 1 + days / 28, 1 + days % 28);
    let row = |c: usize, i: usize| {
        let days = [c % 50, c % 50 + 7 * (c % 9 + 1), 140 + 7 * (c % 5), 200 + c % 60][i];
        format!("c{c},{},{}.{:02}", day(days), 5 + c % 17 + i, c % 100)
    };
    (0..customers).flat_map(|c| (0..=c % 4).map(move |i| row(c, i))).collect()
}

fn csv(rows: &[String]) -> String {
    format!("customer_id,order_date,amount\n{}\n", rows.join("\n"))
}

#[test]
fn fits_of_the_cdnow_sample_are_the_published_ones() {
    let shown = shown(&[CDNOW, "--format", "cdnow", "--calibration-end", "1997-09-30", "--model", "all"]);
    assert_eq!((&shown["customers"], &shown["repeat_buyers"], &shown["currency"]), (&json!(2357), &json!(946), &json!("USD")));
    // CLVTools' tests, and for MBG/NBD an independent fit; parameters as far as their optimisers agree
    type Parameters = &'static [(&'static str, f64, f64)];
    let pareto: Parameters = &[("r", 0.553, 1e-3), ("alpha", 10.578, 1e-3), ("s", 0.606, 1e-3), ("beta", 11.669, 1e-3)];
    let cases: [(&str, f64, Parameters); 6] = [
        ("pareto_nbd", -9594.976, pareto),
        ("bg_cnbd_k", -9582.429, &[("k", 1.0, 1e-9)]),
        ("mbg_cnbd_k", -9582.1357, &[("k", 1.0, 1e-9)]),
        ("bg_nbd", -9582.429, &[("r", 0.24259, 1e-4), ("alpha", 4.4136, 1e-3), ("a", 0.79292, 1e-4), ("b", 2.4259, 1e-3)]),
        ("mbg_nbd", -9582.1357, &[("r", 0.525, 1e-3), ("alpha", 6.183, 1e-3), ("a", 0.891, 1e-3), ("b", 1.614, 1e-3)]),
        ("gamma_gamma", -4055.918, &[("p", 6.25, 1e-3), ("q", 3.744, 1e-3), ("v", 15.44, 1e-3)]),
    ];
    for (name, log_likelihood, parameters) in cases {
        let found = model(&shown, name);
        assert!((number(&found["log_likelihood"]) - log_likelihood).abs() < 1e-3, "{found}");
        assert_eq!(found["warnings"], json!([]));
        for (parameter, value, relative) in parameters {
            let error = (number(&found["parameters"][parameter]["value"]) / value - 1.0).abs();
            assert!(error < *relative, "{name}.{parameter}: {found}");
            let standard_error = &found["parameters"][parameter]["standard_error"];
            assert!(*parameter == "k" || number(standard_error) > 0.0, "{name}.{parameter}");
        }
    }
}

#[test]
fn the_table_names_the_most_likely_model() {
    let outcome = fit(&[CDNOW, "--calibration-end", "1997-09-30", "--model", "all"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(outcome.stdout.starts_with("CDNOW_sample.txt: 2357 customers, 946 of them repeat buyers; 1997-01-01 to 1997-09-30"));
    assert!(outcome.stdout.contains("\nbg_nbd            2357        -9582.429"), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("of the purchase models mbg_nbd makes these histories most likely\n"), "{}", outcome.stdout);
}

#[test]
fn the_parameter_file_is_taken_by_the_configuration_and_has_a_version_of_its_content() {
    let folder = Folder::new("fit-file");
    let (one, two, other) = (folder.path("one.toml"), folder.path("two.toml"), folder.path("other.toml"));
    let arguments = [CDNOW, "--calibration-end", "1997-09-30", "--output"];
    let version = shown(&[&arguments[..], &[&one]].concat())["version"].clone();
    assert_eq!(shown(&[&arguments[..], &[&two]].concat())["version"], version);
    assert!(version.as_str().is_some_and(|version| version.starts_with("1997-09-30-") && version.len() == 19), "{version}");
    let later = shown(&[CDNOW, "--calibration-end", "1997-10-31", "--output", &other])["version"].clone();
    assert_ne!(later, version);
    for kind in ["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k", "mbg_cnbd_k"] {
        let set = [format!("clv.models={one:?}"), format!("clv.model={kind:?}")];
        let checked = finish(lifetide(&["validate", "-o", "json"]).args(["--set", &set[0], "--set", &set[1]]), SOON);
        assert_eq!(checked.code, Some(0), "{}", checked.stdout);
        assert!(checked.stdout.contains(version.as_str().unwrap()), "{}", checked.stdout);
        assert!(!checked.stdout.contains("not fitted"), "{}", checked.stdout);
    }
    let table: toml::Table = std::fs::read_to_string(&one).unwrap().parse().unwrap();
    let cuts = |value: &toml::Value| value.as_array().map(Vec::len) == Some(4);
    let rfm = &table["rfm"];
    assert!(cuts(&rfm["r"]) && cuts(&rfm["f"]) && cuts(&rfm["m"]["USD"]), "{rfm}");
    assert!(rfm["version"].as_str().is_some_and(|version| version.starts_with("1997-09-30-")), "{rfm}");
    let provenance = &table["provenance"];
    assert_eq!((provenance["buyers"].as_integer(), provenance["history_days"].as_integer()), (Some(2357), Some(272)));
    assert_eq!(provenance["first_purchase"].as_str(), Some("1997-01-01"));
    assert!(provenance["bg_nbd"]["standard_errors"]["alpha"].as_float().is_some_and(|error| error > 0.3 && error < 0.5));
}

#[test]
fn input_that_cannot_be_fitted_is_refused_with_a_clear_message() {
    let folder = Folder::new("fit-refused");
    let one_customer = "customer,date,amount\nann,2025-01-01,5\nann,2025-02-01,5\n";
    let one_time: Vec<String> = (1..=20).map(|c| format!("c{c},2025-01-{c:02},5")).collect();
    let cases = [
        ("empty", String::new(), "there are no purchases"),
        ("heading only", "customer,date,amount\n".to_owned(), "there are no purchases"),
        (
            "one customer",
            one_customer.to_owned(),
            "error: cannot fit bg_nbd, mbg_nbd, pareto_nbd, bg_cnbd_k, mbg_cnbd_k: too few customers, at least two are needed: 1\n",
        ),
        ("one-time buyers", csv(&one_time), "no customer bought twice"),
        (
            "future",
            csv(&["ann,2025-01-01,5".into(), "ann,2190-01-01,5".into()]),
            "line 3: the time 2190-01-01T00:00:00.000Z lies in the future",
        ),
        ("no date", csv(&["ann,yesterday,5".into()]), "line 2: expected customer, date, amount: the date cannot be read"),
        ("no amount", csv(&["ann,2025-01-01,five".into()]), "line 2: the amount cannot be read: invalid_amount"),
        ("no currency", "customer,date,amount,currency\nann,2025-01-01,5,XQX\n".to_owned(), "line 2: the currency is not one of ISO 4217"),
        ("only refunds", csv(&["ann,2025-01-01,-5".into(), "bob,2025-01-01,-5".into()]), "there are no purchases"),
    ];
    for (what, text, complaint) in cases {
        let file = folder.write("list.csv", &text);
        let outcome = fit(&[&file]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{what}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains(complaint), "{what}: {}", outcome.stderr);
    }
    let late = fit(&[CDNOW, "--calibration-end", "2999-01-01"]);
    assert!(late.code == Some(1) && late.stderr.contains("2999-01-01, lies in the future"), "{}", late.stderr);
    let early = fit(&[CDNOW, "--calibration-end", "1996-12-31"]);
    assert!(early.code == Some(1) && early.stderr.contains("the first is of 1997-01-01"), "{}", early.stderr);
    let missing = fit(&[&folder.path("nothing.csv")]);
    assert!(missing.code == Some(1) && missing.stderr.contains("nothing.csv"), "{}", missing.stderr);
    for arguments in [&["x.csv", "--model", "arima"][..], &["x.csv", "--unit", "year"], &["x.csv", "--calibration-end", "soon"]] {
        assert_eq!(fit(arguments).code, Some(2), "{arguments:?}");
    }
    assert_eq!(fit(&[]).code, Some(1));
}

#[test]
fn the_order_of_rows_delimiters_and_headings_do_not_matter() {
    let folder = Folder::new("fit-order");
    let rows = list(300);
    let expected = shown(&[&folder.write("list.csv", &csv(&rows))]);
    assert_eq!(expected["customers"], 300);
    let mut shuffled = rows.clone();
    shuffled.reverse();
    shuffled.rotate_left(17);
    let semicolons = format!("\u{feff}Amount;Order Date;Customer ID\n{}\n", {
        let turned = rows.iter().map(|row| row.split(',').rev().collect::<Vec<_>>().join(";"));
        turned.collect::<Vec<_>>().join("\n")
    });
    let no_heading = rows.join("\r\n");
    for text in [csv(&shuffled), semicolons, no_heading] {
        assert_eq!(shown(&[&folder.write("list.csv", &text)]), expected, "{}", &text[..60]);
    }
    let (first, second) = rows.split_at(100);
    let files = [folder.write("a.csv", &csv(first)), folder.write("b.csv", &csv(second))];
    assert_eq!(shown(&[&files[0], &files[1]])["models"], expected["models"]);
}

/// As the engine counts: an order is an order in any currency, and spend is of one.
#[test]
fn of_several_currencies_all_orders_count_and_the_spend_of_the_stated_or_most_frequent_one() {
    let folder = Folder::new("fit-currencies");
    let with = |rows: Vec<String>, currency: &str| rows.iter().map(|row| format!("{row},{currency}\n")).collect::<String>();
    let others = || list(80).iter().map(|row| format!("y{row}")).collect::<Vec<_>>();
    let in_yen = || others().iter().map(|row| row.replace('.', "")).collect::<Vec<_>>();
    let write = |file: &str, parts: &[String]| folder.write(file, &format!("customer,date,amount,currency\n{}", parts.concat()));
    // one customer of the first kind buys once in the other currency, too
    let mixed = write("mixed.csv", &[with(in_yen(), "jpy"), with(list(300), "EUR"), "c3,2025-10-02,700,JPY\n".to_owned()]);
    let all_in_eur = write("all.csv", &[with(others(), "EUR"), with(list(300), "EUR"), "c3,2025-10-02,7,EUR\n".to_owned()]);
    let eur_alone = write("eur.csv", &[with(list(300), "EUR"), "c3,2025-10-02,0,EUR\n".to_owned()]);
    let yen_alone = write("yen.csv", &[with(in_yen(), "JPY")]);
    let outcome = fit(&[&mixed, "-o", "json"]);
    let found = outcome.json();
    let all = shown(&[&all_in_eur]);
    assert_eq!((&found["currency"], &found["customers"]), (&json!("EUR"), &json!(380)));
    for name in ["bg_nbd", "mbg_nbd", "pareto_nbd", "bg_cnbd_k"] {
        assert_eq!(model(&found, name), model(&all, name));
    }
    assert_eq!(model(&found, "gamma_gamma"), model(&shown(&[&eur_alone]), "gamma_gamma"));
    let told = "note: several currencies: EUR (750 rows), JPY (201 rows); all purchases are counted, the spend is that of customers who buy mostly in \
        EUR, the most frequent; --currency chooses another\n";
    assert!(outcome.stderr.starts_with(told), "{}", outcome.stderr);
    let yen = shown(&[&mixed, "--currency", "JPY"]);
    assert_eq!((&yen["currency"], &yen["customers"]), (&json!("JPY"), &json!(380)));
    assert_eq!(model(&yen, "gamma_gamma"), model(&shown(&[&yen_alone]), "gamma_gamma"));
    let absent = fit(&[&mixed, "--currency", "GBP"]);
    assert!(absent.stderr.contains("there are no purchases in GBP, only in EUR (750 rows), JPY (201 rows)"), "{}", absent.stderr);
}

#[test]
fn a_list_without_currency_is_of_the_stated_or_configured_one_or_the_guess_is_told() {
    let folder = Folder::new("fit-no-currency");
    let file = folder.write("list.csv", &csv(&list(300)));
    let cases = [
        (&[][..], "USD", "note: list.csv names no currency and was taken for USD; --currency or money.default_currency tell\n"),
        (&["--currency", "CHF"], "CHF", ""),
        (&["--set", "money.default_currency=\"EUR\""], "EUR", ""),
        (&["--set", "money.default_currency=\"EUR\"", "--currency", "CHF"], "CHF", ""),
    ];
    for (arguments, currency, told) in cases {
        let outcome = fit(&[&[file.as_str(), "--model", "bg_nbd", "-o", "json"], arguments].concat());
        assert_eq!((outcome.code, &outcome.json()["currency"]), (Some(0), &json!(currency)), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.split("warning: ").next(), Some(told), "{arguments:?}");
    }
}

#[test]
fn negative_rows_are_refunds_and_nothing_is_a_gift() {
    let folder = Folder::new("fit-refunds");
    let rows = list(300);
    let expected = shown(&[&folder.write("list.csv", &csv(&rows))]);
    let refunded = [rows.clone(), vec!["c7,2025-12-01,30.00".into(), "c7,2025-12-03,-30.00".into()]].concat();
    let end = ["--calibration-end", "2025-10-08"];
    assert_eq!(expected["end"], "2025-10-08");
    let found = shown(&[&[folder.write("list.csv", &csv(&refunded)).as_str()][..], &end].concat());
    assert_eq!(found["models"], expected["models"]);
    let gift = [rows, vec!["c4,2025-10-07,0".into()]].concat();
    let found = shown(&[&[folder.write("list.csv", &csv(&gift)).as_str()][..], &end].concat());
    assert_eq!(found["repeat_buyers"], number(&expected["repeat_buyers"]) as u64 + 1);
    assert_ne!(model(&found, "bg_nbd")["log_likelihood"], model(&expected, "bg_nbd")["log_likelihood"]);
    assert_eq!(model(&found, "gamma_gamma"), model(&expected, "gamma_gamma"));
    let beyond = fit(&[&folder.write("list.csv", &csv(&[list(300), vec!["new,2025-10-01,-12.50".into()]].concat())), "--currency", "JOD"]);
    let told = "note: 1 customer has no purchase left after refunds, and does not count\n\
        note: refunds of 12.500 JOD are beyond what those customers had spent before, and were left out\n";
    assert!(beyond.stderr.starts_with(told), "{}", beyond.stderr);
}

#[test]
fn event_files_count_orders_once_and_take_refunds_off_their_orders() {
    let folder = Folder::new("fit-events");
    let rows = list(300);
    let event = |number: usize, name: &str, customer: &str, day: &str, properties: Value| {
        let timestamp = format!("{day}T12:00:00Z");
        let message_id = format!("m{number}");
        json!({ "type": "track", "event": name, "messageId": message_id, "userId": customer, "timestamp": timestamp, "properties": properties })
    };
    let order = |(number, row): (usize, &String)| {
        let [customer, day, amount] = row.split(',').collect::<Vec<_>>()[..] else { panic!("{row}") };
        event(number, "Order Completed", customer, day, json!({ "order_id": format!("o{number}"), "total": amount, "currency": "USD" }))
    };
    let mut lines: Vec<Value> = rows.iter().enumerate().map(order).collect();
    let expected = shown(&[&folder.write("list.csv", &csv(&rows))]);
    let write = |lines: &[Value]| folder.write("events.jsonl", &lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let found = shown(&[&write(&lines), "--calibration-end", "2025-10-08"]);
    assert_eq!((&found["customers"], &found["repeat_buyers"]), (&expected["customers"], &expected["repeat_buyers"]));
    assert_eq!(model(&found, "gamma_gamma"), model(&expected, "gamma_gamma"));

    // again, with a repeated order, one that is cancelled, a part refunded before its order, and records that are no orders
    let part = json!({ "order_id": "o2", "refund_id": "r1", "total": 1.0, "currency": "USD" });
    lines.insert(0, event(9_000, "Order Refunded", "c1", "2025-12-01", part));
    lines.push(lines[1].clone());
    lines.push(event(9_001, "Order Completed", "c9", "2025-10-03", json!({ "order_id": "gone", "total": 9, "currency": "USD" })));
    lines.push(event(9_002, "Order Cancelled", "c9", "2025-10-04", json!({ "order_id": "gone" })));
    lines.push(event(9_003, "Product Viewed", "c9", "2025-10-21", json!({})));
    lines.push(json!({ "type": "track", "userId": "c9", "event": "Order Completed", "timestamp": "2025-01-01T00:00:00Z" }));
    let outcome = fit(&[&write(&lines), "--calibration-end", "2025-10-08", "-o", "json"]);
    let again = outcome.json();
    assert_eq!(model(&again, "bg_nbd"), model(&found, "bg_nbd"), "{}", outcome.stderr);
    assert_ne!(model(&again, "gamma_gamma"), model(&found, "gamma_gamma"));
    for told in ["records refused: 1 ", "1 orders or refunds were repeated and count once"] {
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
}

#[test]
fn doubts_are_told_beside_a_result() {
    let folder = Folder::new("fit-doubts");
    let file = folder.write("list.csv", &csv(&list(40)));
    let outcome = fit(&[&file, "--unit", "month", "--model", "mbg_nbd"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for doubt in ["mbg_nbd: only 40 buyers", "only 26 repeat buyers", "merged by month"] {
        assert!(outcome.stderr.contains(doubt), "{doubt}: {}", outcome.stderr);
    }
}

#[test]
fn a_long_list_is_read_in_one_pass() {
    let folder = Folder::new("fit-long");
    let rows = list(60_000);
    assert_eq!(rows.len(), 150_000);
    let found = shown(&[&folder.write("list.csv", &csv(&rows)), "--model", "bg_nbd"]);
    assert_eq!((&found["customers"], &found["repeat_buyers"]), (&json!(60_000), &json!(45_000)));
}
