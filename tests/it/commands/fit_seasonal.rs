//! `fit --seasonal`: the factor is the one that `backtest` shows, goes into the parameter file with where it comes from, and from there into
//! force for forecasts as long as its windows.

use serde_json::Value;

use super::backtest::slow_in_spring;
use super::{Folder, Outcome, SOON, finish, lifetide};

const END: [&str; 2] = ["--calibration-end", "2026-02-02"];

fn shown(command: &[&str], list: &str, arguments: &[&str]) -> Value {
    let outcome = finish(lifetide(command).arg(list).args(END).args(["--model", "mbg_nbd", "-o", "json"]).args(arguments), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.json()
}

fn validated(models: &str, model: &str) -> Outcome {
    let sets = [format!("clv.models={models:?}"), format!("clv.model={model:?}")];
    finish(lifetide(&["validate"]).args(["--set", &sets[0], "--set", &sets[1]]), SOON)
}

/// What everybody is expected to bring, by a replay under these parameters, and the factors that are named.
fn replayed(folder: &Folder, list: &str, models: &str) -> (f64, Vec<Value>) {
    let output = folder.path("replayed");
    let replay = ["replay", "--format", "csv", "--input", list, "--models", models, "--output", &output];
    assert_eq!(finish(lifetide(&replay).args(["--set", "time.mode=\"event\""]), SOON).code, Some(0));
    let text = std::fs::read_to_string(format!("{output}/lifetide.clv.jsonl")).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let orders = records.iter().map(|record| record["future"]["expected_orders"].as_f64().unwrap()).sum();
    (orders, records.iter().filter_map(|record| record["future"].get("seasonal_factor").cloned()).collect())
}

#[test]
fn the_factor_of_closed_windows_is_that_of_the_back_test_and_is_written_with_its_origin() {
    let folder = Folder::new("fit-seasonal");
    let (list, file) = (folder.write("slow.csv", &slow_in_spring()), folder.path("shop.toml"));
    let tested = shown(&["backtest"], &list, &["--horizon", "20w", "--seasonal", "both"]);
    let season = &tested["forecasts"][0]["model"]["season"];
    let fitted = shown(&["fit"], &list, &["--seasonal=140", "--output", &file]);
    let learned = &fitted["seasonal"]["models"]["mbg_nbd"];
    assert_eq!((&learned["factor"], &learned["windows_are"]), (&season["factor"], &season["windows_are"]));
    assert_eq!((learned["windows"].as_array().map(Vec::len), &fitted["seasonal"]["horizon_days"]), (Some(1), &140.into()));

    let table: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
    let written = &table["seasonal"]["mbg_nbd"];
    assert_eq!((written["factor"].as_float(), written["horizon_days"].as_integer()), (learned["factor"].as_f64(), Some(140)));
    assert_eq!(written["windows"].as_str(), Some("same_season"));
    assert_eq!(table["provenance"]["seasonal"]["mbg_nbd"][0]["after"].as_str(), Some("2025-02-03"));
    let validated = validated(&file, "mbg_nbd");
    assert_eq!(validated.code, Some(0), "{}", validated.stdout);
    assert!(validated.stdout.contains("not applied: it was learned for 140 days, forecasts are of 365"), "{}", validated.stdout);
}

#[test]
fn a_factor_for_a_year_is_in_force_wherever_its_file_is_and_without_asking_there_is_none() {
    let folder = Folder::new("fit-seasonal-year");
    let list = folder.write("slow.csv", &slow_in_spring());
    let (plain, with) = (folder.path("plain.toml"), folder.path("seasonal.toml"));
    let fitted = shown(&["fit"], &list, &["--output", &plain]);
    assert!(fitted.get("seasonal").is_none() && !std::fs::read_to_string(&plain).unwrap().contains("seasonal"));
    let fitted = shown(&["fit"], &list, &["--seasonal", "--output", &with]);
    let factor = &fitted["seasonal"]["models"]["mbg_nbd"]["factor"];
    let told = format!("seasonal factor {:.3} from windows", factor.as_f64().unwrap());
    assert!(validated(&with, "mbg_nbd").stdout.contains(&told), "{told}");

    let (orders, none) = replayed(&folder, &list, &plain);
    let (multiplied, factors) = replayed(&folder, &list, &with);
    assert!(none.is_empty() && !factors.is_empty() && factors.iter().all(|found| found == factor), "{factors:?}");
    assert!((multiplied / orders / factor.as_f64().unwrap() - 1.0).abs() < 1e-9, "{multiplied} of {orders}");
}

#[test]
fn where_there_is_nothing_to_learn_from_fit_says_so() {
    let folder = Folder::new("fit-seasonal-none");
    let (list, file) = (folder.write("slow.csv", &slow_in_spring()), folder.path("shop.toml"));
    let arguments = ["fit", &list, "--calibration-end", "2024-09-30", "--model", "mbg_nbd", "--seasonal", "--output", &file];
    let outcome = finish(&mut lifetide(&arguments), SOON);
    assert!(outcome.stdout.contains("mbg_nbd      none: no closed window as long"), "{}{}", outcome.stdout, outcome.stderr);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("seasonal"));
    let live = finish(&mut lifetide(&["fit", "--live", "--seasonal"]), SOON);
    assert!(live.code == Some(2) && live.stderr.contains("--seasonal"), "{}", live.stderr);
}
