//! `backtest` on the public list and on lists there is nothing to test with; its page, as a browser draws it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::{Folder, Outcome, SOON, finish, lifetide};

const CDNOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/CDNOW_sample.txt");
const PIXELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/commands/pixels.py");
const BROWSERS: [&str; 2] = ["chromium", "chromium-browser"];
/// A browser's first start on a busy machine.
const BROWSER_LONGEST: Duration = Duration::from_secs(120);
/// Names of the page's colours in `page.css`: the model's and the rule of thumb's, by light and by dark.
const COLOURS: [[&str; 2]; 2] = [["1f6feb", "c2571a"], ["6ea8ff", "f2995c"]];

fn backtest(input: &str, arguments: &[&str]) -> Outcome {
    finish(lifetide(&["backtest", input]).args(arguments), SOON)
}

fn cdnow(arguments: &[&str]) -> Outcome {
    backtest(CDNOW, &[&["--format", "cdnow", "--calibration-end", "1997-09-30", "--horizon", "39w"], arguments].concat())
}

#[test]
fn the_public_list_has_a_table_that_says_who_wins() {
    let outcome = cdnow(&["--model", "bg_nbd,mbg_nbd"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{}", outcome.stdout);
    let line = |start: &str| outcome.stdout.lines().find(|line| line.starts_with(start)).map(str::to_owned).unwrap();
    assert!(line("calibration").contains("1997-09-30, hold-out of 39 weeks to 1998-06-30"));
    let bg_nbd = line("bg_nbd ");
    assert!(bg_nbd.contains("-9582.429") && bg_nbd.contains("1,653"), "{bg_nbd}");
    assert!(line("mbg_nbd* ").contains("-9582.136"), "chosen by likelihood");
    assert!(line("rate_x_time ").contains("2.212"));
    assert!(line("actual mean").ends_with("6.359"));
    assert!(line("result: ").starts_with("result: mbg_nbd beats the best rule of thumb, rate_x_time"));
    assert!(!outcome.stdout.contains("season"), "off by default");
}

#[test]
fn programs_get_one_object_with_all_of_it() {
    let json = cdnow(&["--model", "bg_nbd,mbg_nbd", "--seasonal", "both", "-o", "json"]).json();
    assert_eq!((&json["customers"], &json["repeaters"], &json["hold_out_purchases"]), (&2357.into(), &946.into(), &1882.into()));
    assert_eq!(json["verdict"]["chosen"], "mbg_nbd");
    assert_eq!(json["verdict"]["chosen_by"], "calibration_likelihood");
    assert_eq!(json["verdict"]["baseline_wins"], false);
    assert_eq!(json["weeks"].as_array().map(Vec::len), Some(78));
    assert_eq!(json["by_frequency"][7]["customers"], 64);
    assert_eq!(json["forecasts"][0]["model"]["season"], serde_json::Value::Null, "39 weeks hold no closed window of 39");
    assert_eq!(json["forecasts"].as_array().map(Vec::len), Some(4));
}

/// 60 customers who buy every fourth week, in the spring of each year only every eighth: a factor can be learned, and is tried.
pub fn slow_in_spring() -> String {
    let first = jiff::civil::date(2024, 1, 1);
    let mut rows = String::from("customer,date,amount\n");
    for customer in 0..60 {
        for week in (0..140).filter(|week| (week + customer) % 4 == 0) {
            if !(5..25).contains(&(week % 52)) || (week + customer) % 8 == 0 {
                let day = first + jiff::SignedDuration::from_hours(24 * (7 * i64::from(week) + i64::from(customer) % 7));
                rows += &format!("c{customer},{day},{}.50\n", 10 + customer);
            }
        }
    }
    rows
}

#[test]
fn a_seasonal_factor_is_shown_beside_the_plain_forecast_and_judged_only_on_demand() {
    let folder = Folder::new("backtest-season");
    let list = folder.write("slow.csv", &slow_in_spring());
    let arguments = ["--calibration-end", "2026-02-02", "--horizon", "20w", "--model", "mbg_nbd", "-o", "json"];
    let verdict = |seasonal: &str| {
        let json = backtest(&list, &[&arguments[..], &["--seasonal", seasonal]].concat()).json();
        let season = json["forecasts"][0]["model"]["season"].clone();
        (season, json["verdict"]["judges_seasonal"].clone(), json["verdict"]["rmse_against_baseline"].as_f64().unwrap())
    };
    let (off, both, on) = (verdict("off"), verdict("both"), verdict("on"));
    assert_eq!((off.0.is_null(), off.1, &both.1, &on.1), (true, false.into(), &false.into(), &true.into()));
    assert!(both.0["factor"].as_f64().is_some_and(|factor| factor < 1.0), "{}", both.0);
    assert_eq!(both.0, on.0);
    assert!((both.2 - off.2).abs() < 1e-12 && (on.2 - off.2).abs() > 1e-6, "{} {} {}", off.2, both.2, on.2);
}

#[test]
fn lists_there_is_nothing_to_test_with_are_refused_in_words() {
    let folder = Folder::new("backtest-refused");
    let cases = [
        ("", "2024-02-01", "purchases"),
        ("\n", "2024-02-01", "purchases"),
        ("a,2024-01-01,5\na,2024-01-20,5\na,2024-06-01,5\n", "2024-02-01", "too few customers bought by the end of the calibration: 1"),
        ("a,2024-01-01,5\nb,2024-01-20,5\nc,2024-06-01,5\n", "2024-02-01", "no customer bought a second time"),
        ("a,2024-01-01,5\na,2024-01-20,5\nb,2024-06-01,5\n", "2023-02-01", "before the first purchase, which is of 2024-01-01"),
        ("a,2024-01-01,5\na,2024-01-20,5\nb,2024-06-01,5\n", "2024-06-01", "nothing is held out; the last purchase is of 2024-06-01"),
        ("a,2024-01-01,5\na,2024-01-20,5\nb,2024-06-01,5\n", "2024-05-30", "the hold-out is shorter than a week"),
    ];
    for (list, calibration_end, message) in cases {
        let heading = if list.is_empty() { "" } else { "customer,date,amount\n" };
        let list = folder.write("list.csv", &format!("{heading}{list}"));
        let outcome = backtest(&list, &["--format", "csv", "--calibration-end", calibration_end]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("error: ") && outcome.stderr.contains(message), "{}", outcome.stderr);
    }
    let outcome = cdnow(&["--horizon", "40w"]);
    assert_eq!(outcome.code, Some(2), "twice the same option: {}", outcome.stderr);
    let outcome = backtest(CDNOW, &["--calibration-end", "1997-09-30", "--horizon", "50w"]);
    assert!(outcome.stderr.contains("it ends on 1998-09-15, the last purchase is of 1998-06-30"), "{}", outcome.stderr);
}

pub fn browser() -> &'static str {
    let found = BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    found.unwrap_or_else(|| panic!("none of {BROWSERS:?} is installed: `apt-get install -y chromium`"))
}

/// Width, height and how many pixels have each of the colours.
fn screenshot(browser: &str, folder: &Folder, page: &str, is_dark: bool, size: (u32, u32)) -> Vec<u64> {
    let picture = folder.path("page.png");
    let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!is_dark));
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", &scheme]);
    command.args([format!("--user-data-dir={}", folder.path("profile")), format!("--window-size={},{}", size.0, size.1)]);
    command.args([format!("--screenshot={picture}"), format!("file://{page}")]);
    let outcome = finish(&mut command, BROWSER_LONGEST);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let counted = finish(Command::new("python3").args([PIXELS, &picture]).args(COLOURS[usize::from(is_dark)]), BROWSER_LONGEST);
    assert_eq!(counted.code, Some(0), "{}", counted.stderr);
    counted.stdout.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

#[test]
fn the_page_is_drawn_by_a_browser_in_light_in_dark_and_on_a_telephone() {
    let folder = Folder::new("backtest-page");
    let page = folder.path("page.html");
    let outcome = cdnow(&["--model", "bg_nbd,mbg_nbd", "--html", &page]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let text = fs::read_to_string(&page).unwrap();
    for outside in ["<script", "http:", "https:", "@import", "url(", "<link", "<img"] {
        assert!(!text.contains(outside), "the page is to be self-contained: {outside}");
    }
    assert_eq!((text.matches("<svg").count(), text.matches("</svg>").count()), (10, 10), "five figures, for wide and for narrow screens");
    assert!(!text.contains("NaN") && !text.contains("inf"), "a number that is none");
    let browser = browser();
    for (is_dark, size, least) in
        [(false, (1120, 2400), [5_000, 400]), (true, (1120, 2400), [5_000, 400]), (false, (390, 3800), [3_000, 300])]
    {
        let found = screenshot(browser, &folder, &page, is_dark, size);
        assert_eq!((found[0], found[1]), (u64::from(size.0), u64::from(size.1)));
        assert!(found[2] > least[0] && found[3] > least[1], "lines and bars of both colours, dark {is_dark}, {size:?}: {found:?}");
    }
}
