//! What may change while it works, and what is said of the rest.

use super::{read, read_files};

fn changes(former: &str, next: &str) -> Result<Vec<String>, Vec<String>> {
    let (former, next) = (read(former, &[], &[]).unwrap(), read(next, &[], &[]).unwrap());
    former.changes_to(&next).map_err(|error| error.0.iter().map(ToString::to_string).collect())
}

#[test]
fn rules_and_thresholds_may_change_and_are_named() {
    let next = "log.level = \"debug\"\nstages.loyal_repeat_days = 3\nvalue_bands.high = { USD = 1 }\nloyalty.grace = \"1d\"\nplays.salt = \"x\"\n\
        [plays.cart_recovery]\nmode = \"shadow\"\n[plays.own]\ntrigger = { cart = \"idle\" }\nsteps = [{ delay = \"2h\", template = \"own\" }]\n";
    let changed = changes("stages.min_silence = \"9d\"", next).unwrap();
    let all = [
        "log.level",
        "loyalty.grace",
        "plays.cart_recovery.mode",
        "plays.own.cancel_on",
        "plays.own.control",
        "plays.own.expires",
        "plays.own.mode",
        "plays.own.priority",
        "plays.own.steps",
        "plays.own.trigger",
        "plays.salt",
        "stages.loyal_repeat_days",
        "stages.min_silence",
        "value_bands.high",
    ];
    assert_eq!(changed, all);
}

#[test]
fn the_same_written_in_another_way_is_no_change() {
    assert_eq!(changes("[kafka]\ngroup_id = \"a\"\n", "# first\nkafka.group_id = 'a'\nworkers = 1\n").unwrap(), [""; 0]);
}

#[test]
fn what_deliver_reads_is_its_own_affair() {
    assert_eq!(changes("", "deliver.attempts = 3\nplays.salt = \"x\"").unwrap(), ["plays.salt"]);
}

#[test]
fn all_keys_that_take_a_restart_are_named_with_their_place() {
    let former = "kafka.group_id = \"a\"\nclv.margin = 0.5\n";
    let next = "kafka.group_id = \"b\"\nworkers = 2\n[plays.cart_recovery]\nmode = \"off\"\n[customers]\nerasure_key = \"00112233445566778899aabbccddeeff\"\n";
    let problems = changes(former, next).unwrap_err();
    let expected = [
        "clv.margin: has changed, which takes a restart",
        "customers.erasure_key (0.toml line 6): has changed, which takes a restart",
        "kafka.group_id (0.toml line 1): has changed, which takes a restart",
        "workers (0.toml line 2): has changed, which takes a restart",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn another_parameter_file_is_told_how_to_come_into_force() {
    let problems = changes("clv.models = \"good.toml\"", "").unwrap_err();
    assert_eq!(problems, ["clv.models: has changed, which takes a restart, or `lifetide models publish` of the file"]);
}

#[test]
fn a_configuration_keeps_its_secrets_when_it_is_printed() {
    let file = "http.admin_token = \"a-secret-of-some-length\"\n[kafka.properties]\n\"sasl.password\" = \"a-secret-of-some-length\"\n";
    let config = read_files(&[file], &[], &[]).unwrap();
    assert!(!format!("{config:?}").contains("a-secret"));
}
