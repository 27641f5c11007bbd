//! `fit` in discrete time: BG/BB over purchases counted by periods, and contracts, whose list is another one.

use serde_json::{Value, json};

use super::{fit, model, number, shown};
use crate::commands::Folder;

/// lifetimes, datasets/donations: x, t_x, donors; six occasions (Fader, Hardie, Shang 2010).
#[rustfmt::skip]
const DONATIONS: [(usize, usize, usize); 22] = [
    (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613), (2, 3, 255), (2, 4, 155), (2, 5, 173),
    (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357), (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203),
];

/// The donors as customers of a shop who took or let pass the months after January, on any day of the month and some twice; some are new in August.
fn donors() -> String {
    let mut text = "customer,date,amount\n".to_owned();
    let mut customer = 0;
    for (x, t_x, donors) in DONATIONS {
        for _ in 0..donors {
            let first_ones = 1..x.max(1);
            for month in [0].into_iter().chain(first_ones).chain((x > 0).then_some(t_x)) {
                text += &format!("c{customer},2025-{:02}-{:02},10\n", month + 1, 1 + customer % 28);
                if customer % 3 == 0 {
                    text += &format!("c{customer},2025-{:02}-28,5\n", month + 1);
                }
            }
            customer += 1;
        }
    }
    text + "new,2025-08-02,10\nc0,2025-08-05,10\n"
}

#[test]
fn bg_bb_of_purchases_by_month_is_the_published_fit() {
    let folder = Folder::new("fit-donors");
    let file = folder.write("donors.csv", &donors());
    let arguments = |end| [file.as_str(), "--model", "bg_bb", "--unit", "month", "--currency", "USD", "--calibration-end", end];
    // August has not ended on the last day: it is no occasion
    for (end, told) in
        [("2025-07-31", ""), ("2025-08-20", "note: the last month has not ended on 2025-08-20, and is no occasion for bg_bb\n")]
    {
        let outcome = fit(&[&arguments(end)[..], &["-o", "json"]].concat());
        assert_eq!((outcome.code, outcome.stderr.split("warning").next()), (Some(0), Some(told)));
        let shown = outcome.json();
        let found = model(&shown, "bg_bb");
        assert_eq!((&found["customers"], &found["warnings"], &shown["best"]), (&json!(11_104), &json!([]), &Value::Null));
        assert!((number(&found["log_likelihood"]) - -33225.58).abs() < 5e-3 + 1e-3, "{found}");
        for (name, published) in [("alpha", 1.203528), ("beta", 0.749726), ("gamma", 0.656781), ("delta", 2.783796)] {
            assert!((number(&found["parameters"][name]["value"]) / published - 1.0).abs() < 1e-3, "{name}: {found}");
            assert!(number(&found["parameters"][name]["standard_error"]) > 0.0, "{name}: {found}");
        }
    }
    let table = fit(&arguments("2025-07-31")).stdout;
    assert!(table.contains("\nbg_bb            11104       -33225.58"), "{table}");
    assert!(
        table
            .ends_with("bg_bb: an occasion is a month after that of the first purchase; its likelihood does not compare with the others\n")
    );
}

#[test]
fn bg_bb_stands_beside_the_others_but_not_among_all_and_in_no_parameter_file() {
    let folder = Folder::new("fit-beside");
    let list = folder.write("list.csv", &super::csv(&super::list(300)));
    let names = |models: &str| {
        let shown = shown(&[&list, "--model", models, "--unit", "week"]);
        shown["models"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("bg_bb,mbg_nbd"), ["mbg_nbd", "bg_bb", "gamma_gamma"]);
    assert!(!names("all").contains(&"bg_bb".to_owned()));
    let output = folder.path("shop.toml");
    for (arguments, why) in [
        (
            vec!["--model", "bg_nbd,bg_bb", "--output", &output],
            "bg_bb cannot be written to a parameter file: run knows models of continuous time only",
        ),
        (vec!["--model", "bg_nbd", "--monthly-margin", "5"], "--monthly-margin is of contracts: it goes with --model sbg"),
    ] {
        let refused = fit(&[&[list.as_str()][..], &arguments].concat());
        assert!(refused.code == Some(1) && refused.stderr.contains(why), "{}", refused.stderr);
    }
    let live = fit(&["--live", "--model", "bg_bb"]);
    assert!(live.code == Some(1) && live.stderr.contains("bg_bb needs every purchase by its period"), "{}", live.stderr);
    assert!(!std::path::Path::new(&output).exists());
}

const REGULAR: &str = "month,active\n0,1000\n1,631\n2,468\n3,382\n4,326\n5,289\n6,262\n7,241\n";

#[test]
fn contracts_are_fitted_as_published_and_valued_in_both_readings() {
    let folder = Folder::new("fit-contracts");
    let file = folder.write("cohort.csv", REGULAR);
    let shown = shown(&[&file, "--model", "sbg", "--monthly-margin", "100", "--yearly-discount", "0.1"]);
    let found = model(&shown, "sbg");
    // Fader, Hardie 2007
    let (alpha, beta) = (number(&found["parameters"]["alpha"]["value"]), number(&found["parameters"]["beta"]["value"]));
    assert!((number(&found["log_likelihood"]) - -1680.27).abs() < 5e-3 + 1e-3, "{found}");
    assert!((alpha - 0.704).abs() < 5e-4 && (beta - 1.182).abs() < 5e-4, "{found}");
    let periods = shown["periods"].as_array().unwrap();
    assert_eq!((periods.len(), &periods[6]["left"]), (7, &json!(241)));
    assert!((number(&periods[1]["retention"]) - 468.0 / 631.0).abs() < 1e-12);
    assert!((number(&periods[1]["retention_by_sbg"]) - (beta + 1.0) / (alpha + beta + 1.0)).abs() < 1e-12);
    // 100 Σ r^t/(1+d)^t, and the same with S(t)
    let value = &shown["contract_value"];
    let (growth, r) = (1.1f64.powf(1.0 / 12.0), 2599.0 / 3358.0);
    assert!((number(&value["discount_monthly"]) - (growth - 1.0)).abs() < 1e-12 && (number(&value["mean_retention"]) - r).abs() < 1e-12);
    let horizons = value["horizons"].as_array().unwrap();
    assert_eq!(horizons.iter().map(|horizon| horizon["months"].as_u64()).collect::<Vec<_>>(), [Some(12), Some(36), None]);
    for horizon in horizons {
        let (mut literal, mut by_survival, mut survival) = (0.0, 0.0, 1.0);
        for month in 0..horizon["months"].as_i64().unwrap_or(20_000) {
            let discounted = 100.0 / growth.powi(month as i32);
            literal += discounted * r.powi(month as i32);
            by_survival += discounted * survival;
            survival *= (beta + month as f64) / (alpha + beta + month as f64);
        }
        let near = |name: &str, expected: f64| (number(&horizon[name]) / expected - 1.0).abs() < 1e-9;
        assert!(near("contractual_monthly", literal) && near("contractual_monthly_by_survival", by_survival), "{horizon}");
    }
    let table = fit(&[&file, "--model", "sbg", "--monthly-margin", "100"]).stdout;
    for line in [
        "cohort.csv: 1000 contracts, 241 of them left after 7 periods\n",
        "\nsbg               1000        -1680.265",
        "\n     2          468     0.7417     0.7560\n",
        "the first at once; periods are months, discount 0.010000 a month\ncontractual_monthly: retention 0.7740 in every month; ",
        "\n36 months               427.89                           647.29\n   no end ",
    ] {
        assert!(table.contains(line), "{line:?} is not in\n{table}");
    }
    let endless = fit(&[&file, "--model", "sbg", "--monthly-margin", "100", "--monthly-discount", "0"]).stdout;
    assert!(endless.contains("   no end               442.42                         infinite\n"), "{endless}");
}

#[test]
fn the_list_of_a_cohort_may_come_in_any_order_and_without_a_heading() {
    let folder = Folder::new("fit-cohort");
    let expected = shown(&[&folder.write("cohort.csv", REGULAR), "--model", "sbg"]);
    assert_eq!(expected["contract_value"], Value::Null);
    let turned = "\u{feff}Active;Group;Period\n241;x;7\n1000;x;0\n631;x;1\n468;x;2\n382;x;3\n326;x;4\n289;x;5\n262;x;6\n";
    for text in [REGULAR.split_once('\n').unwrap().1, turned] {
        assert_eq!(shown(&[&folder.write("cohort.csv", text), "--model", "sbg"]), expected, "{text}");
    }
}

#[test]
fn what_is_no_cohort_and_what_is_about_purchases_is_refused() {
    let folder = Folder::new("fit-no-cohort");
    let cases = [
        ("", "there are no renewals"),
        ("period,active\n0,10\n", "there are no renewals"),
        ("period,active\n1,10\n2,9\n", "period 0 is missing"),
        ("period,active\n0,10\n2,9\n", "period 1 is missing"),
        ("period,active\n0,10\n0,10\n", "line 3: period 0 is there twice"),
        ("period,active\n0,10\n1,9\n2,10\n", "there are more customers after period 2 than before it"),
        ("period,active\n0,10\n1,9.5\n", "line 3: expected period, customers left"),
        ("period,active\n0,10\n1201,9\n", "line 3: expected period, customers left: whole numbers, of periods 1200 at most"),
        ("customer,date,amount\nann,2025-01-01,5\n", "line 1: expected period, customers left"),
        ("period,active\n0,10\n1,10\n", "no contract was cancelled"),
    ];
    for (text, why) in cases {
        let refused = fit(&[&folder.write("cohort.csv", text), "--model", "sbg"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{text}");
        assert!(refused.stderr.starts_with("error: ") && refused.stderr.contains(why), "{text}: {}", refused.stderr);
    }
    let file = folder.write("cohort.csv", REGULAR);
    let output = folder.path("shop.toml");
    for (arguments, why) in [
        (&["--unit", "month"][..], "--unit is about purchases"),
        (&["--currency", "EUR"], "--currency is about purchases"),
        (&["--calibration-end", "2025-01-01"], "--calibration-end is about purchases"),
        (&["--format", "csv"], "--format is about purchases"),
        (&["--output", &output], "sbg cannot be written to a parameter file"),
        (&[&file], "sbg is fitted to one cohort"),
    ] {
        let refused = fit(&[&[file.as_str(), "--model", "sbg"], arguments].concat());
        assert!(refused.code == Some(1) && refused.stderr.contains(why), "{why}: {}", refused.stderr);
    }
    for arguments in [&["--monthly-margin", "0"][..], &["--yearly-discount", "0.1"], &["--monthly-margin", "5", "--monthly-discount", "2"]]
    {
        assert_eq!(fit(&[&[file.as_str(), "--model", "sbg"], arguments].concat()).code, Some(2), "{arguments:?}");
    }
}
