//! Plays in every shape of `contracts.md` 5, and those this version refuses.

use super::read;
use crate::engine::{CancelOn, Channel, Condition, Mode, MoneyField, PLAYS_MAX, Play, Stage, Test, Trigger, WordField};
use crate::event::Currency;
use std::collections::BTreeMap;

/// The shipped play that runs, and those of the file.
fn plays(file: &str) -> Vec<Play> {
    let is_meant = |play: &Play| play.name == "cart_recovery" || file.contains(&format!("[plays.{}]", play.name));
    read(file, &[], &[]).unwrap().engine.plays.into_iter().filter(is_meant).collect()
}

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

const CONTRACT: &str = r#"
    [plays.cart_recovery]
    trigger   = { cart = "idle" }
    steps     = [{ delay = "1h", template = "cart_1" }, { delay = "1d 2h", template = "cart_2" }]
    cancel_on = ["order"]
    when      = [{ field = "cart.value", ge = { USD = 2000, JPY = 3000 } }]
    expires   = "24h"
    cool_down = "7d"
    caps      = { email = "1/1d" }
    quiet     = "21:00-08:00"
    control   = 0.1
    priority  = 50
    mode      = "shadow"
"#;

#[test]
fn the_play_of_the_contract_is_read_to_the_field() {
    let plays = plays(CONTRACT);
    assert_eq!(plays.len(), 1);
    let play = &plays[0];
    let steps: Vec<(i64, &str)> = play.steps.iter().map(|step| (step.delay_ms, step.templates[0].as_str())).collect();
    assert_eq!(steps, [(3_600_000, "cart_1"), (93_600_000, "cart_2")]);
    assert!(play.cancel_on.order && !play.cancel_on.cart_emptied);
    let minor = BTreeMap::from([(currency("JPY"), 3000), (currency("USD"), 2000)]);
    assert_eq!(play.when, [Condition::Money { field: MoneyField::CartValue, test: Test::AtLeast, minor }]);
    assert_eq!((play.expires_ms, play.cool_down_ms), (86_400_000, Some(604_800_000)));
    assert_eq!((play.caps[0].channel, play.caps[0].count, play.caps[0].window_ms), (Channel::Email, 1, 86_400_000));
    let quiet = play.quiet.unwrap();
    assert_eq!((quiet.from.hour(), quiet.until.hour()), (21, 8));
    assert_eq!((play.control, play.priority, play.mode), (0.1, 50, Mode::Shadow));
}

#[test]
fn the_version_of_a_play_changes_with_its_own_rules_only() {
    let shipped = plays("")[0].version.clone();
    assert_eq!(shipped.len(), 8);
    assert!(shipped.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(plays("[plays.cart_recovery]\nexpires = '24h'")[0].version, shipped);
    assert_eq!(plays("plays.salt = \"x\"\nworkers = 2")[0].version, shipped);
    assert_ne!(plays("[plays.cart_recovery]\nexpires = \"25h\"")[0].version, shipped);
    assert_ne!(plays("[plays.cart_recovery]\ncaps.email = \"1/1d\"")[0].version, shipped);
}

#[test]
fn a_play_takes_what_it_leaves_out_from_the_shipped_values() {
    let plays = plays("[plays.second]\ntrigger = { cart = \"idle\" }\nsteps = [{ delay = \"90m\", template = \"t\" }]");
    let names: Vec<&str> = plays.iter().map(|play| play.name.as_str()).collect();
    assert_eq!(names, ["cart_recovery", "second"]);
    let second = &plays[1];
    assert_eq!((second.expires_ms, second.priority, second.mode), (86_400_000, 50, Mode::Live));
    assert!(second.cancel_on.order && second.cancel_on.cart_emptied && second.when.is_empty());
}

#[test]
fn plays_can_be_set_from_the_environment_and_the_command_line() {
    let environment = [
        ("LIFETIDE__PLAYS__CART_RECOVERY__MODE", "off"),
        ("LIFETIDE__PLAYS__CART_RECOVERY__STEPS", "[{ delay = \"2s\", template = \"x\" }]"),
        ("LIFETIDE__PLAYS__NOT_BEFORE", "2026-01-01T00:00:00+01:00"),
    ];
    let sets = ["plays.cart_recovery.caps.email=3/7d", "plays.global_holdout=0.05"];
    let engine = read(CONTRACT, &environment, &sets).unwrap().engine;
    let play = engine.plays.iter().find(|play| play.name == "cart_recovery").unwrap();
    assert_eq!((play.mode, play.steps.len(), play.steps[0].delay_ms), (Mode::Off, 1, 2_000));
    assert_eq!((play.caps.len(), play.caps[0].count), (1, 3));
    assert_eq!((engine.plays_not_before_ms, engine.global_holdout), (Some(1_767_222_000_000), 0.05));
}

/// A line of a play, and what its problem says.
const BAD_LINES: &[(&str, &str)] = &[
    ("trigger = { stage = \"lapsd\" }", "unknown stage \"lapsd\", did you mean \"lapsed\"?"),
    ("trigger = { stage = \"somewhere\" }", "unknown stage \"somewhere\", expected \"visitor\" or \"lead\""),
    ("trigger = { event = \"\" }", "or { date = \"next_order\" }, got"),
    ("trigger = { band = \"high\" }", "unknown band \"high\", expected \"any\""),
    ("trigger = { date = \"birthdy\" }", "or { date = \"next_order\" }, got"),
    ("trigger = { event = \"Order Complete\" }", "unknown event \"Order Complete\", did you mean \"Order Completed\"?"),
    ("trigger = { event = \"Wheel of Luck Spun\" }", "no event \"Wheel of Luck Spun\" can begin a play: it has no meaning here"),
    ("trigger = { event = \"Customer Erased\" }", "no event \"Customer Erased\" can begin a play"),
    ("trigger = { cart = \"full\" }", "expected { cart = \"idle\" }, { stage = \"lapsed\" }, { event = \"Order Completed\" }, {"),
    ("trigger = { cart = \"idle\", stage = \"lead\" }", "expected { cart = \"idle\" }, { stage"),
    ("trigger = \"cart\"", "or { date = \"next_order\" }, got \"cart\""),
    ("steps = []", "expected 1 to 8 steps such as"),
    ("steps = [{ delay = \"0s\", template = \"t\" }]", "delay: expected a duration from 1s to 36500d, got \"0s\""),
    ("steps = [{ dealy = \"1h\", template = \"t\" }]", "unknown key `dealy`, did you mean `delay`?"),
    ("steps = [{ delay = \"1h\" }]", "a step has no template"),
    ("steps = [{ delay = \"1h\", template = \"a\", templates = [\"b\", \"c\"] }]", "a step has either template or templates"),
    ("steps = [{ delay = \"1h\", templates = [\"a\"] }]", "templates: expected 2 to 8 names in quotes, got [\"a\"]"),
    ("steps = [{ delay = \"1h\", templates = [\"a\", \"a\"] }]", "templates: \"a\" is there twice"),
    ("steps = [{ delay = \"1h\", template = \"a\", offer = \"X\" }]", "an offer needs an offer_ttl, such as \"14d\""),
    ("steps = [{ delay = \"1h\", template = \"a\", offer_ttl = \"1d\" }]", "offer_ttl without an offer"),
    ("steps = [{ delay = \"1h\", template = \"a\", offer = \"\", offer_ttl = \"1d\" }]", "offer: expected a name in quotes, got \"\""),
    (
        "steps = [{ delay = \"1h\", template = \"a\", offer = \"X\", offer_ttl = \"1d\" }, { delay = \"2h\", template = \"b\", offer = \"Y\", offer_ttl = \"1d\" }]",
        "a play grants one offer, with one offer_ttl: \"X\" is followed by \"Y\"",
    ),
    ("steps = [{ delay = \"2h\", template = \"a\" }, { delay = \"1h\", template = \"b\" }]", "must rise from step to step"),
    (
        "cancel_on = [\"return\"]",
        "unknown end \"return\", expected \"order\" or \"cart_emptied\" or \"cart_filled\" or \"stage_left\" or \"refund\"",
    ),
    (
        "cancel_on = [\"refund\"]",
        "\"refund\" ends plays with the trigger { event = \"…\" } of Order Completed, Order Shipped, Order Delivered only",
    ),
    ("cancel_on = [\"orders\"]", "unknown end \"orders\", did you mean \"order\"?"),
    ("cancel_on = [\"stage_left\"]", "\"stage_left\" ends plays with the trigger { stage = \"…\" } only"),
    ("when = [{ field = \"stage\", ge = { USD = 1 } }]", "stage takes in, with 1 to 64 words, such as in = [\"…\"]"),
    ("when = [{ field = \"stage\", in = [] }]", "stage takes in, with 1 to 64 words"),
    ("when = [{ field = \"stage\", in = [\"loyl\"] }]", "unknown stage \"loyl\", did you mean \"loyal\"?"),
    ("when = [{ field = \"segment\", in = [\"champion\"] }]", "unknown segment \"champion\", did you mean \"champions\"?"),
    ("when = [{ field = \"channel\", in = [\"emial\"] }]", "unknown channel \"emial\", did you mean \"email\"?"),
    ("when = [{ field = \"locale\", in = [1] }]", "locale takes in, with 1 to 64 words"),
    ("when = [{ field = \"cart.valu\", ge = { USD = 1 } }]", "unknown field `cart.valu`, did you mean `cart.value`?"),
    ("when = [{ field = \"palive\", ge = 0.5 }]", "unknown field `palive`, did you mean `p_alive`?"),
    (
        "when = [{ field = \"weather\", in = [\"rain\"] }]",
        "unknown field `weather`, expected one of cart.value, historic.net, future.value, orders",
    ),
    ("when = [{ field = \"cart.value\" }]", "cart.value takes one of ge and lt, with minor units by currency, such as { USD = 2000 }"),
    ("when = [{ field = \"cart.value\", ge = { USD = 1 }, lt = { USD = 2 } }]", "cart.value takes one of ge and lt"),
    ("when = [{ field = \"historic.net\", in = [\"USD\"] }]", "historic.net takes one of ge and lt"),
    ("when = [{ field = \"future.value\", ge = 5 }]", "expected minor units by currency, such as { USD = 2000 }, got 5"),
    ("when = [{ field = \"orders\", ge = { USD = 3 } }]", "orders: expected a whole number, not negative, got"),
    ("when = [{ field = \"orders\", ge = 2.5 }]", "orders: expected a whole number, not negative, got 2.5"),
    ("when = [{ field = \"p_alive\", lt = 1.5 }]", "p_alive: expected a probability from 0.0 to 1.0, got 1.5"),
    ("when = [{ field = \"cart.value\", ge = { USD = 19.99 } }]", "expected USD in whole minor units, at least 0, got 19.99"),
    ("when = [{ field = \"cart.value\", ge = { ABC = 1 } }]", "ABC is not an ISO 4217 currency"),
    ("when = [{ field = \"cart.value\", le = { USD = 1 } }]", "unknown key `le`, did you mean `ge`?"),
    ("expires = \"0s\"", "expected a duration from 1s to 36500d, got \"0s\""),
    ("caps = { sms = \"1/1d\" }", "this version caps the channel email only, got sms"),
    ("caps = { email = \"9/1d\" }", "expected sends/duration such as \"1/1d\", with 1 to 8 sends, got \"9/1d\""),
    ("caps = { email = \"daily\" }", "expected sends/duration such as"),
    ("cost = { USD = -1 }", "expected USD in whole minor units, at least 0, got -1"),
    ("cost = {}", "expected minor units by currency, such as { USD = 2000 }, got {}"),
    ("cost = { usd = 1 }", "usd is not an ISO 4217 currency"),
    ("quiet = \"21-8\"", "expected hours such as \"21:00-08:00\", got \"21-8\""),
    ("quiet = \"08:00-08:00\"", "expected hours such as"),
    ("control = 1.5", "expected a number from 0 to 1, got 1.5"),
    ("priority = -1", "expected a whole number from 0 to 1000, got -1"),
    ("mode = \"dry\"", "expected \"live\" or \"shadow\" or \"off\", got \"dry\""),
];

#[test]
fn plays_begin_with_stages_and_events_as_with_carts() {
    let file = "[plays.s]\ntrigger = { stage = \"lapsed\" }\nsteps = [{ delay = \"0s\", template = \"t\" }]\ncancel_on = [\"order\", \"stage_left\"]
        [plays.e]\ntrigger = { event = \"Order Completed\" }\nsteps = [{ delay = \"0s\", template = \"t\" }]";
    let plays = plays(file);
    let of = |name: &str| plays.iter().find(|play| play.name == name).unwrap();
    assert_eq!(of("s").trigger, Trigger::StageEntered(Stage::LAPSED));
    assert_eq!(of("s").cancel_on, CancelOn { order: true, cart_emptied: false, cart_filled: false, stage_left: true, refund: false });
    assert_eq!(of("e").trigger, Trigger::EventSeen("Order Completed".into()));
    assert_eq!(of("e").cancel_on, CancelOn { order: true, ..CancelOn::default() }, "of the shipped ends, what can happen to it");
    let error = read(&format!("{file}\ncancel_on = [\"cart_emptied\"]"), &[], &[]).unwrap_err().to_string();
    assert_eq!(error, "plays.e.cancel_on (0.toml line 8): \"cart_emptied\" ends plays with the trigger { cart = \"idle\" } only");
}

#[test]
fn plays_may_begin_with_every_event_that_is_applied() {
    for name in
        ["Product Reviewed", "Review Submitted", "Order Updated", "Promotion Clicked", "identify", "Referral Credited", "Subscribed"]
    {
        let plays = plays(&format!("[plays.e]\ntrigger = {{ event = \"{name}\" }}\nsteps = [{{ delay = \"0s\", template = \"t\" }}]"));
        assert!(plays.iter().any(|play| play.trigger == Trigger::EventSeen(name.to_owned())), "{name}");
    }
}

#[test]
fn more_plays_than_a_row_can_hold_may_be_named_but_not_run() {
    let file = |mode: &str| -> String {
        let play = |n| {
            format!("[plays.p{n}]\ntrigger = {{ cart = \"idle\" }}\nsteps = [{{ delay = \"1h\", template = \"t\" }}]\nmode = \"{mode}\"\n")
        };
        (0..PLAYS_MAX).map(play).collect()
    };
    assert!(read(&file("off"), &[], &[]).is_ok());
    let error = read(&file("shadow"), &[], &[]).unwrap_err().to_string();
    assert_eq!(error, "plays (0.toml line 2): 17 plays are not off, at most 16 can run");
}

#[test]
fn conditions_test_amounts_numbers_and_words() {
    let when = [
        (
            "{ field = \"historic.net\", lt = { USD = 5 } }",
            Condition::Money { field: MoneyField::HistoricNet, test: Test::LessThan, minor: BTreeMap::from([(currency("USD"), 5)]) },
        ),
        ("{ field = \"orders\", ge = 3 }", Condition::Orders { test: Test::AtLeast, count: 3 }),
        ("{ field = \"p_alive\", lt = 0.4 }", Condition::Alive { test: Test::LessThan, share: 0.4 }),
        (
            "{ field = \"stage\", in = [\"loyal\", \"repeat\"] }",
            Condition::Word { field: WordField::Stage, among: vec!["loyal".into(), "repeat".into()] },
        ),
        ("{ field = \"channel\", in = [\"unknown\"] }", Condition::Word { field: WordField::Channel, among: vec!["unknown".into()] }),
        ("{ field = \"locale\", in = [\"de\"] }", Condition::Word { field: WordField::Locale, among: vec!["de".into()] }),
    ];
    let written: Vec<&str> = when.iter().map(|(text, _)| *text).collect();
    let plays = plays(&format!("[plays.cart_recovery]\nwhen = [{}]", written.join(", ")));
    assert_eq!(plays[0].when, when.map(|(_, condition)| condition));
}

#[test]
fn a_step_may_have_several_templates_and_an_offer() {
    let plays = plays(
        "[plays.cart_recovery]\nsteps = [{ delay = \"1h\", templates = [\"a\", \"b\"], offer = \"WELCOME10\", offer_ttl = \"14d\" }]",
    );
    let step = &plays[0].steps[0];
    assert_eq!(
        (step.templates.as_slice(), step.offer.as_ref().map(|offer| (offer.id.as_str(), offer.ttl_ms))),
        (["a".to_owned(), "b".to_owned()].as_slice(), Some(("WELCOME10", 14 * 86_400_000)))
    );
}

#[test]
fn each_bad_play_is_refused_with_a_sentence() {
    for (line, wanted) in BAD_LINES {
        let error = read(&format!("[plays.cart_recovery]\n{line}"), &[], &[]).unwrap_err().to_string();
        let key = line.split(' ').next().unwrap();
        let start = format!("plays.cart_recovery.{key} (0.toml line 2): ");
        assert!(error.starts_with(&start) && error.contains(wanted) && !error.contains('\n'), "{line}\nwanted {wanted}\nfound {error}");
    }
}

#[test]
fn a_play_without_trigger_or_with_an_odd_name_is_refused() {
    let error = read("[plays.winback]\nmode = \"off\"", &[], &[]).unwrap_err().to_string();
    for key in ["trigger", "steps"] {
        assert!(error.contains(&format!("plays.winback.{key} (0.toml line 2): is missing")), "{error}");
    }
    let error = read("[plays.Winback]\ntrigger = { cart = \"idle\" }\nsteps = [{ delay = \"1h\", template = \"t\" }]", &[], &[]);
    assert!(error.unwrap_err().to_string().contains("a play's name is at most 64 of the characters"));
    let error = read("[plays.empty]", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("plays.empty.trigger (0.toml line 1): is missing"), "{error}");
    // with the section's first line of the file, or whatever else has made the section
    let file = "[plays.winback]\ncontrol = 0.1\nmode = \"off\"\ntrigger = { cart = \"idle\" }";
    let error = read(file, &[("LIFETIDE__PLAYS__WINBACK__QUIET", "\"22:00-08:00\"")], &[]).unwrap_err().to_string();
    assert!(error.contains("plays.winback.steps (0.toml line 2): is missing"), "{error}");
    let error = read("", &[], &["plays.winback.mode=off"]).unwrap_err().to_string();
    assert!(error.contains("plays.winback.steps (--set): is missing"), "{error}");
}
