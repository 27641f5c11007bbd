//! The live page as a person sees it: headless Chromium watches a running `demo`, and searches for a customer with the keyboard alone.
//!
//! What is done on the page is `live_page/drive.py`; what it saw is judged here. Its pictures stay in the folder of the demo until the test ends:
//! `LIFETIDE_TEST_PICTURES=folder` keeps them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::commands::backtest::browser;
use crate::commands::{finish, wait_for};
use crate::demo::{Demo, live_lines};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/live_page/drive.py");
/// Every wait of the driver has a deadline of its own.
const LONGEST: Duration = Duration::from_secs(240);

#[test]
fn the_live_page_shows_a_running_demo_and_finds_a_customer_with_the_reasons_for_the_last_decisions() {
    let demo = Demo::start("page", &["--seed", "3"]);
    let customer = wait_for("somebody to be mailed", LONGEST, || {
        let text = demo.stdout();
        let line = live_lines(&text, "actions", "cart_recovery send").first().copied()?;
        line.split_whitespace().nth(2).map(str::to_owned)
    });
    let text = demo.stdout();
    let address = text.lines().find_map(|line| line.strip_prefix("live page: ")).unwrap();
    let mut driver = Command::new("python3");
    driver.arg(DRIVER).args([browser(), address]).arg(&demo.folder).env("KNOWN_CUSTOMER", &customer);
    let outcome = finish(&mut driver, LONGEST);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stderr, demo.said());
    let seen: Value = serde_json::from_str(&outcome.stdout).unwrap();
    keep_pictures(&demo.folder);
    let texts = |name: &str| seen[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect::<Vec<_>>();
    assert!(texts("complaints").is_empty() && texts("nameless").is_empty(), "{seen:#}");
    let customers: u32 = seen["tiles"]["tile-customers"].as_str().unwrap().parse().unwrap();
    assert!(customers > 200 && seen["tiles"]["tile-equity"].as_str().unwrap().contains('$'), "{seen:#}");
    let found = format!("found {customer}");
    assert_eq!(
        (&seen["nobody"], &seen["found"], &seen["by_address"]),
        (&"nothing is held about this customer".into(), &found.as_str().into(), &found.as_str().into())
    );
    let reason = "cart recovery, step 1: to be sent because of cart idle";
    assert!(texts("decisions").iter().any(|decision| decision.contains(reason)), "{seen:#}");
    assert!(texts("stages").last().is_some_and(|text| text.ends_with("Z on")), "{seen:#}");
    assert!(texts("intentions").iter().any(|text| text.starts_with("cart recovery waits")), "{seen:#}");
    assert_eq!(seen["widths"], serde_json::json!({ "light": 1280, "dark": 1280, "phone": 390 }), "nothing is wider than the screen");
}

fn keep_pictures(folder: &Path) {
    for name in ["light.png", "dark.png", "phone.png"] {
        let picture = fs::read(folder.join(name)).unwrap();
        assert!(picture.len() > 20_000, "{name} has {} bytes", picture.len());
        if let Some(wanted) = std::env::var_os("LIFETIDE_TEST_PICTURES") {
            fs::write(Path::new(&wanted).join(name), picture).unwrap();
        }
    }
}
