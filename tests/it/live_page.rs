//! The live page as a person sees it: headless Chromium watches a running `demo`, and is used by mouse and by keyboard.
//!
//! What is done on the page is `live_page/drive.py`; what it saw is judged here. Its pictures stay in the folder of the demo until the test ends:
//! `LIFETIDE_TEST_PICTURES=folder` keeps them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::api::ask::TOKEN;
use crate::commands::backtest::browser;
use crate::commands::{finish, wait_for};
use crate::demo::{Demo, live_lines};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/live_page/drive.py");
/// Every wait of the driver has a deadline of its own.
const LONGEST: Duration = Duration::from_secs(240);

#[test]
fn the_live_page_shows_a_running_demo_and_finds_a_customer_with_the_reasons_for_the_last_decisions() {
    let demo = Demo::start_with("page", &["--seed", "3"], &[("LIFETIDE__HTTP__API_TOKEN", TOKEN)]);
    let customer = wait_for("somebody to be mailed", LONGEST, || {
        let text = demo.stdout();
        let line = live_lines(&text, "actions", "cart_recovery send").first().copied()?;
        line.split_whitespace().nth(2).map(str::to_owned)
    });
    let text = demo.stdout();
    let address = text.lines().find_map(|line| line.strip_prefix("live page: ")).unwrap();
    let mut driver = Command::new("python3");
    driver.arg(DRIVER).args([browser(), address]).arg(&demo.folder).env("KNOWN_CUSTOMER", &customer).env("API_TOKEN", TOKEN);
    let outcome = finish(&mut driver, LONGEST);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stderr, demo.said());
    let seen: Value = serde_json::from_str(&outcome.stdout).unwrap();
    keep_pictures(&demo.folder);
    let texts = |name: &str| seen[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
    judge_figures(&seen);
    assert!(texts("complaints").is_empty() && texts("nameless").is_empty(), "{seen:#}");
    let refused = texts("refused");
    assert!(refused[0].contains("has the token") && refused[1] == "a token is needed", "{seen:#}");
    assert_eq!(refused[2..], ["This token is wrong.", "the token is wrong", "no figures"], "{seen:#}");
    assert!(seen["sections"].as_u64() >= Some(2), "{seen:#}");
    let found = format!("found {customer}");
    assert_eq!(
        (&seen["nobody"], &seen["found"], &seen["by_address"]),
        (&"nothing is held about this customer".into(), &found.as_str().into(), &found.as_str().into())
    );
    let reason = "cart recovery, step 1: to be sent because of cart idle";
    assert!(texts("decisions").iter().any(|decision| decision.contains(reason)), "{seen:#}");
    assert!(texts("stages-so-far").last().is_some_and(|text| text.ends_with("UTC on")), "{seen:#}");
    assert!(texts("intentions").iter().any(|text| text.starts_with("cart recovery waits")), "{seen:#}");
    let widths = serde_json::json!({ "light": 1280, "dark": 1280, "phone": 375, "phone-dark": 375 });
    assert_eq!(seen["widths"], widths, "nothing is wider than the screen");
    assert!(texts("cut").is_empty(), "on a telephone, columns are cut off: {:#}", seen["cut"]);
}

/// Each part of the page has figures of the stream, and those of two parts agree.
fn judge_figures(seen: &Value) {
    let number = |text: &Value| {
        let digits = text.as_str().unwrap().split(' ').next().unwrap().replace(',', "");
        digits.parse::<f64>().unwrap_or_else(|_| panic!("{text} is no number: {seen:#}"))
    };
    let rows = |name: &str| seen[name].as_array().unwrap().clone();
    let tile = |name: &str| seen["tiles"][name].as_str().unwrap();
    let customers = number(&seen["tiles"]["tile-customers"]);
    assert!(customers > 200.0 && tile("tile-equity").contains('$') && tile("tile-latency").contains(" ms"), "{seen:#}");
    assert!(number(&seen["tiles"]["tile-lag"]) < 1_000.0, "{seen:#}");
    assert!(seen["moved"][1].as_f64() > seen["moved"][0].as_f64(), "{seen:#}");
    assert!(rows("flow").iter().any(|band| band.as_str().unwrap().starts_with("lead to first time: ")), "{seen:#}");
    // counted at different moments of the same second
    let of_stages: f64 = rows("stages").iter().map(|row| number(&row[1])).sum();
    assert!((of_stages - customers).abs() < 20.0, "{of_stages} customers by stage: {seen:#}");
    let slots = rows("slots");
    let is_told =
        |row: &Value| row[1] == "running" && number(&row[2]) > 0.0 && number(&row[3]) > 0.0 && row[4].as_str().unwrap().ends_with(" UTC");
    assert!(slots.len() == 4 && slots.iter().all(is_told), "{seen:#}");
    let steps = rows("attempts");
    let came: Vec<f64> = steps.iter().map(|row| number(&row[1])).collect();
    assert!(came.is_sorted_by(|before, after| before >= after) && came.last() > Some(&0.0), "{seen:#}");
    assert!(steps[0][0] == "view" && steps.last().unwrap()[0] == "ordered", "{seen:#}");
    assert!(steps.iter().all(|row| row[1].as_str().unwrap().ends_with(" %)")), "{seen:#}");
    let recovery = &seen["recovery"];
    assert!(recovery[0] == "cart recovery" && number(&recovery[1]) > 0.0 && number(&recovery[3]) > 0.0, "{seen:#}");
    let lift = recovery[5].as_str().unwrap();
    assert!(lift.contains(" % (") && lift.contains(" % to ") && lift.contains(" %), week of "), "{seen:#}");
    assert_eq!(seen["share"][0], "All customers: all 4 slots are here.");
    assert!(
        seen["share"][1].as_str().unwrap().starts_with("Only a part of the customers: these figures are of 2 of 4 slots (0, 1)."),
        "{seen:#}"
    );
}

fn keep_pictures(folder: &Path) {
    for name in ["light.png", "dark.png", "phone.png", "phone-dark.png"] {
        let picture = fs::read(folder.join(name)).unwrap();
        assert!(picture.len() > 20_000, "{name} has {} bytes", picture.len());
        if let Some(wanted) = std::env::var_os("LIFETIDE_TEST_PICTURES") {
            fs::write(Path::new(&wanted).join(name), picture).unwrap();
        }
    }
}
