//! Graphs of stages as people write them, and those in which somebody would be nowhere or a stage could never be entered.

use super::read;
use crate::engine::{Play, Trigger};

const GRAPH: &str = r#"
    [stages]
    forward_only = true
    graph = [
        { name = "new" },
        { name = "browsing", when = [{ field = "product_views", ge = 1 }] },
        { name = "buyer", when = [{ field = "is", in = ["ordered"] }, { field = "historic.net", ge = { USD = 100 } }] },
        { name = "gone", when = [{ field = "since_order", ge = "365d" }], gone = true },
        { name = "gone", when = [{ field = "p_alive", lt = 0.2 }], gone = true },
    ]
"#;

fn problems(text: &str) -> Vec<String> {
    read(text, &[], &[]).map_or_else(|error| error.0.iter().map(|problem| problem.to_string()).collect(), |_| Vec::new())
}

/// A graph of these stages behind that of everybody.
fn graph(stages: &str) -> String {
    format!("stages.graph = [{{ name = \"new\" }}, {stages}]")
}

#[test]
fn a_graph_takes_the_place_of_the_shipped_one() {
    let config = read(GRAPH, &[], &[]).unwrap();
    let graph = &config.engine.lifecycle.graph;
    let names: Vec<&str> = graph.entries.iter().map(|entry| entry.stage.as_str()).collect();
    assert_eq!(names, ["new", "browsing", "buyer", "gone", "gone"]);
    assert!(graph.forward_only && graph.is_gone(graph.entries[4].stage.as_str()) && !graph.is_gone(graph.entries[2].stage.as_str()));
    assert_eq!(graph.alive_below, [0.2]);
    let begin_with_stage = |play: &&Play| matches!(play.trigger, Trigger::StageEntered(_));
    assert_eq!(
        config.engine.plays.iter().find(begin_with_stage).map(|play| &play.name),
        None,
        "shipped plays about other stages are not there"
    );
}

#[test]
fn plays_may_begin_with_its_stages_and_with_no_others() {
    let play = "[plays.back]\ntrigger = { stage = \"gone\" }\nsteps = [{ delay = \"1d\", template = \"t\" }]";
    assert_eq!(problems(&format!("{GRAPH}\n{play}")), [""; 0]);
    let told = problems(&format!("{GRAPH}\n{}", play.replace("gone", "lapsed")));
    assert!(told[0].contains("unknown stage \"lapsed\", expected \"new\" or \"browsing\""), "{told:?}");
    let told = problems(&format!("{GRAPH}\n[plays.win_back]\nmode = \"live\""));
    assert!(told.iter().any(|told| told.contains("plays.win_back.trigger") && told.contains("unknown stage \"lapsed\"")), "{told:?}");
}

#[test]
fn bad_graphs_are_refused_with_the_reason() {
    let cases = [
        ("stages.graph = []".to_owned(), "expected 1 to 32 stages such as { name = \"buyer\""),
        (
            "stages.graph = [{ name = \"a\", when = [{ field = \"orders\", ge = 1 }] }]".to_owned(),
            "a: the first stage is that of everybody",
        ),
        (graph("{ name = \"A b\" }"), "expected a name of at most 24 of the characters a-z, 0-9, _ and -"),
        (graph("{ name = \"merged\" }"), "merged: is what records say of who is in no stage"),
        (graph("{ name = \"a\", wen = [] }"), "unknown key `wen`, did you mean `when`?"),
        (graph("{ name = \"a\" }"), "new: can never be entered here: whenever its conditions hold, those of a, which stands later, do"),
        (
            graph(
                "{ name = \"a\", when = [{ field = \"repeat_days\", ge = 5 }] }, { name = \"b\", when = [{ field = \"repeat_days\", ge = 2 }] }",
            ),
            "a: can never be entered here: whenever its conditions hold, those of b, which stands later, do",
        ),
        (
            graph("{ name = \"a\", when = [{ field = \"since_order\", ge = \"9d\" }, { field = \"since_order\", lt = \"8d\" }] }"),
            "a: can never be entered: no since_order is both that much and that little",
        ),
        (
            graph("{ name = \"a\", when = [{ field = \"is\", in = [\"returned\"] }] }"),
            "nobody can have returned: no stage is marked gone = true",
        ),
        (
            graph(
                "{ name = \"a\", when = [{ field = \"orders\", ge = 1 }] }, { name = \"b\", when = [{ field = \"orders\", ge = 2 }] }, { name = \"a\", when = [{ field = \"orders\", ge = 3 }] }",
            ),
            "a: is listed in several places; the ways into a stage stand one after the other",
        ),
        (graph("{ name = \"a\", when = [{ field = \"segment\", in = [\"champions\"] }] }"), "a: unknown field `segment`"),
        (
            graph("{ name = \"a\", when = [{ field = \"since_ordr\", ge = \"1d\" }] }"),
            "unknown field `since_ordr`, did you mean `since_order`?",
        ),
        (graph("{ name = \"a\", when = [{ field = \"since_order\", ge = 30 }] }"), "a: since_order: expected a duration such as"),
        (graph("{ name = \"a\", when = [{ field = \"is\", in = [\"orderd\"] }] }"), "unknown is \"orderd\", did you mean \"ordered\"?"),
        (format!("{GRAPH}\nloyal_repeat_days = 3"), "stages.loyal_repeat_days"),
    ];
    for (text, expected) in cases {
        let told = problems(&text);
        assert!(told.len() == 1 && told[0].contains(expected), "{text}\n{told:#?}");
    }
}

/// A stage with each of these conditions, one after the other.
fn stages(whens: &[&str]) -> String {
    let stages: Vec<String> = whens.iter().zip('a'..).map(|(when, name)| format!("{{ name = \"{name}\", when = [{when}] }}")).collect();
    graph(&stages.join(", "))
}

#[test]
fn a_stage_that_a_later_one_always_takes_is_refused_whatever_it_asks_for() {
    let taken = [
        ["{ field = \"orders\", ge = 5 }", "{ field = \"orders\", ge = 1 }"],
        ["{ field = \"orders\", lt = 1 }", "{ field = \"orders\", lt = 5 }"],
        ["{ field = \"historic.net\", ge = { USD = 900 } }", "{ field = \"historic.net\", ge = { USD = 500, EUR = 500 } }"],
        ["{ field = \"cart.value\", lt = { USD = 5 } }", "{ field = \"cart.value\", lt = { USD = 9 } }"],
        ["{ field = \"p_alive\", lt = 0.2 }", "{ field = \"p_alive\", lt = 0.4 }"],
        ["{ field = \"p_alive\", ge = 0.4 }", "{ field = \"p_alive\", ge = 0.2 }"],
        ["{ field = \"region\", in = [\"north\"] }", "{ field = \"region\", in = [\"south\", \"north\"] }"],
    ];
    for whens in taken {
        let told = problems(&stages(&whens));
        assert!(told.len() == 1 && told[0].contains("a: can never be entered here"), "{whens:?} {told:?}");
        let [first, second] = whens;
        assert_eq!(problems(&stages(&[second, first])), [""; 0], "{whens:?} the other way round");
    }
    // who has spent in EUR is in the first alone
    let other = ["{ field = \"historic.net\", ge = { USD = 900, EUR = 1 } }", "{ field = \"historic.net\", ge = { USD = 500 } }"];
    assert_eq!(problems(&stages(&other)), [""; 0]);
}

#[test]
fn a_stage_that_asks_for_much_and_little_of_the_same_is_refused() {
    let never = [
        ("orders", "9", "2"),
        ("orders", "2", "2"),
        ("historic.net", "{ USD = 900 }", "{ USD = 500 }"),
        ("cart.value", "{ USD = 9 }", "{ EUR = 50 }"),
        ("p_alive", "0.6", "0.4"),
    ];
    for (field, least, limit) in never {
        let told = problems(&stages(&[&format!("{{ field = \"{field}\", ge = {least} }}, {{ field = \"{field}\", lt = {limit} }}")]));
        assert!(told.len() == 1 && told[0].contains(&format!("a: can never be entered: no {field} is both")), "{field} {told:?}");
    }
    let narrow = "{ field = \"orders\", ge = 2 }, { field = \"orders\", lt = 3 }, { field = \"cart.value\", ge = { USD = 1, EUR = 9 } }, \
                  { field = \"cart.value\", lt = { USD = 2, EUR = 5 } }";
    assert_eq!(problems(&stages(&[narrow])), [""; 0]);
}
