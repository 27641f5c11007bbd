//! Bad configurations, and the sentences they are refused with.

use super::{read, read_files};

/// The problems of one file, as printed.
fn problems(file: &str) -> Vec<String> {
    match read(file, &[], &[]) {
        Ok(_) => Vec::new(),
        Err(error) => error.0.iter().map(|problem| problem.to_string()).collect(),
    }
}

/// A file, and what its one problem says.
const BAD_VALUES: &[(&str, &str)] = &[
    ("workers = 0", "workers (0.toml line 1): expected a whole number from 1 to 256, got 0"),
    ("workers = \"two\"", "workers (0.toml line 1): expected a whole number from 1 to 256, got \"two\""),
    ("\n[kafka]\ngroup_id = 7", "kafka.group_id (0.toml line 3): expected a text in quotes, got 7"),
    ("kafka.group_id = \"\"", "kafka.group_id (0.toml line 1): must not be empty"),
    ("kafka.static_membership = 1", "kafka.static_membership (0.toml line 1): expected true or false, got 1"),
    ("kafka.properties.group.id = \"x\"", "kafka.properties.group.id (0.toml line 1): is set by lifetide: use kafka.group_id"),
    ("kafka.properties.a = []", "kafka.properties.a (0.toml line 1): expected a text, a number, true or false"),
    ("instance.id = \"a b\"", "expected at most 100 of the characters a-z, A-Z, 0-9, ., _ and -, got \"a b\""),
    ("input.topics = []", "input.topics (0.toml line 1): expected 1 to 64 topics, got 0"),
    ("input.topics = [\"a\", \"a\"]", "input.topics (0.toml line 1): names a topic twice"),
    ("input.topics = [\"a b\"]", "\"a b\" is no name of a Kafka topic"),
    ("input.topics = [\"lifetide.clv\"]", "lifetide.clv is an output of lifetide itself"),
    ("input.topics = \"a\"", "expected a list of texts such as [\"a\", \"b\"], got \"a\""),
    (
        "[input.formats]\n\"shop.emails\" = \"xml\"",
        "input.formats.shop.emails (0.toml line 2): expected \"auto\" or \"segment\" or \"cloudevents\" or",
    ),
    ("[input.formats]\nshop.mails = \"ses\"", "input.formats.shop.mails (0.toml line 2): shop.mails is none of input.topics"),
    ("input.formats = \"ses\"", "input.formats (0.toml line 1): is a section, written [input.formats], not a value"),
    ("input.partitioner = \"crc\"", "expected \"murmur2\" or \"trust\", got \"crc\""),
    ("output.prefix = \"ä\"", "output.prefix (0.toml line 1): expected at most 200 of the characters"),
    ("state.max_bytes = -1", "state.max_bytes (0.toml line 1): expected a whole number from 0 to 1125899906842624, got -1"),
    ("changelog.base_ratio = nan", "changelog.base_ratio (0.toml line 1): expected a number from 0.01 to 100, got nan"),
    ("changelog.max_round = 24", "expected a duration such as \"90s\", \"1h\" or \"7d\", got 24"),
    ("changelog.max_round = \"1 month\"", "expected a duration such as"),
    ("time.max_skew = \"-5m\"", "time.max_skew (0.toml line 1): expected a duration from 0s to 1d, got \"-5m\""),
    ("time.customer_zone = \"Mars/Base\"", "expected a time zone such as \"Europe/Berlin\", got \"Mars/Base\""),
    ("time.mode = \"walk\"", "expected \"wall\" or \"event\", got \"walk\""),
    ("money.default_currency = \"XYZ\"", "expected an ISO 4217 currency such as \"EUR\", got \"XYZ\""),
    ("consent.require = \"optin\"", "expected \"double_opt_in\" or \"opt_in\" or \"soft_opt_in\" or \"none\", got \"optin\""),
    ("stages.at_risk_below = 1.0", "expected a probability between 0 and 1, both excluded, got 1.0"),
    ("stages.lapsed_below = 0.6", "stages.lapsed_below (0.toml line 1): 0.6 must be less than stages.at_risk_below, which is 0.5"),
    ("stages.min_silence = \"800d\"", "must not be longer than stages.max_silence"),
    ("value_bands.high = 5", "expected minor units by currency, such as { USD = 2000 }, got 5"),
    ("value_bands.high = {}", "expected minor units by currency"),
    ("value_bands.high = { USD = 0 }", "value_bands.high (0.toml line 1): expected USD in whole minor units, at least 1, got 0"),
    ("value_bands.high = { XYZ = 5 }", "XYZ is not an ISO 4217 currency"),
    ("value_bands.none = { USD = 5 }", "`none` is what records say of who is in none"),
    ("value_bands.Top = { USD = 5 }", "a name is at most 32 of the characters a-z, 0-9, _ and -, got `Top`"),
    ("value_bands = { a = { USD = 5 }, b = { USD = 5, EUR = 1 } }", "value_bands.b (0.toml line 1): begins at the same amount as a"),
    ("loyalty.window = \"400d\"", "loyalty.window (0.toml line 1): expected a duration from 1d to 366d"),
    ("loyalty.tiers = {}", "loyalty.tiers"),
    ("loyalty.tiers = [{ name = \"a\" }]", "expected a tier such as { name = \"silver\", spend = { USD = 20000 } }, got"),
    ("loyalty.tiers = [{ name = \"a\", spend = { USD = -1 } }]", "a: expected USD in whole minor units, at least 1, got -1"),
    (
        "loyalty.tiers = [{ name = \"a\", spend = { USD = 5 } }, { name = \"b\", spend = { USD = 5, EUR = 1 } }]",
        "spend must rise from tier to tier, and b takes no more than a",
    ),
    ("loyalty.tiers = [{ name = \"a\", spend = { USD = 5 } }, { name = \"a\", spend = { USD = 6 } }]", "names the tier a twice"),
    ("clv.margin = 35", "clv.margin (0.toml line 1): expected a number from 0 to 1, got 35"),
    ("clv.models = \"gone.toml\"", "clv.models (0.toml line 1): cannot read gone.toml: no such file"),
    ("clv.models = \"bad.toml\"", "clv.models (0.toml line 1): bad.toml: unit is \"day\", expected \"week\""),
    ("clv.models = 3", "clv.models (0.toml line 1): expected a text in quotes, got 3"),
    ("plays.global_holdout = 2", "plays.global_holdout (0.toml line 1): expected a number from 0 to 1, got 2"),
    ("plays.not_before = 2026-01-01", "expected a time such as 2026-01-01T00:00:00Z, got 2026-01-01"),
    ("time.report_zone = 1", "time.report_zone (0.toml line 1): expected a time zone such as"),
    ("aggregates.interval = \"10ms\"", "aggregates.interval (0.toml line 1): expected a duration from 1s to 1d, got \"10ms\""),
    ("channels.rules = {}", "channels.rules"),
    ("channels.source_questions = [\"\"]", "expected at most 16 ids of questions, each of 1 to 256 bytes"),
    (
        "channels.rules = [1]",
        "channels.rules (0.toml line 1): expected a rule such as { medium = [\"email\"], channel = \"email\" }, got 1",
    ),
    ("channels.rules = [{ medium = \"email\" }]", "expected a channel of at most 32 of the characters a-z, 0-9, _ and - in each rule"),
    ("channels.rules = [{ channel = \"a|b\" }]", "expected a channel of at most 32"),
    ("channels.rules = [{ channel = \"a\", campaign = \"b\" }]", "a rule has source, medium, referrer and channel, not `campaign`"),
    ("channels.rules = [{ channel = \"a\", medium = [] }]", "expected a text, a list of texts or \"*\", got []"),
    ("channels.rules = [{ channel = \"a\", medium = [\"b\", \"*\"] }]", "expected a text, a list of texts or \"*\""),
    (
        "http.advertised = \"b.shop:9464\"",
        "expected an address without a path such as \"http://lifetide-0.shop.internal:9464\", got \"b.shop:9464\"",
    ),
    ("http.advertised = \"http://b.shop:9464/\"", "expected an address without a path such as"),
    ("output.format = \"avro\"", "output.format (0.toml line 1): \"avro\" needs output.schema_registry"),
    ("output.schema_registry = \"http://ann:x@b.shop:8081\"", "expected an address such as \"http://schema-registry:8081\", without user"),
    ("http.listen = \"localhost\"", "expected an address and port such as \"127.0.0.1:9464\", got \"localhost\""),
    ("log.level = \"loud\"", "expected \"error\" or \"warn\" or \"info\" or \"debug\" or \"trace\", got \"loud\""),
    ("kafka = 5", "kafka (0.toml line 1): is a section, written [kafka], not a value"),
    ("kafka.properties = 5", "kafka.properties (0.toml line 1): is a section, written [kafka.properties], not a value"),
    ("a = 1\nb = \n", "0.toml line 2: not TOML: "),
    ("workers = 1\nworkers = 2", "0.toml line 2: not TOML: duplicate key"),
];

#[test]
fn each_bad_value_is_named_with_its_key_its_line_and_what_was_expected() {
    for (file, wanted) in BAD_VALUES {
        let found = problems(file);
        assert!(found.len() == 1 && found[0].contains(wanted), "{file}\nwanted {wanted}\nfound {found:#?}");
    }
}

#[test]
fn a_misspelt_key_is_refused_with_the_nearest_one() {
    let table = [
        ("kafka.group_idd = \"x\"", "kafka.group_idd (0.toml line 1): unknown key, did you mean `kafka.group_id`?"),
        ("kafak.group_id = \"x\"", "did you mean `kafka.group_id`?"),
        ("group_id = \"x\"", "group_id (0.toml line 1): unknown key, did you mean `kafka.group_id`?"),
        ("worker = 2", "did you mean `workers`?"),
        ("stages.at_risk = 0.5", "stages.at_risk (0.toml line 1): unknown key"),
        ("[plays.cart_recovery]\nexpire = \"1h\"", "did you mean `plays.cart_recovery.expires`?"),
        ("plays.sallt = \"x\"", "did you mean `plays.salt`?"),
        ("[colour]", "colour (0.toml line 1): unknown key"),
        ("zebra = 1", "zebra (0.toml line 1): unknown key"),
    ];
    for (file, wanted) in table {
        let found = problems(file);
        assert!(found.len() == 1 && found[0].contains(wanted), "{file}\nwanted {wanted}\nfound {found:#?}");
    }
    assert!(!problems("zebra = 1")[0].contains("did you mean"));
}

#[test]
fn all_problems_are_told_at_once_each_with_its_layer() {
    let environment = [("LIFETIDE__LOG__LEVLE", "info"), ("LIFETIDE__KAFKA____X", "1")];
    let error = read_files(&["workers = 0", "b ="], &environment, &["stages.max_silence=1h", "nonsense"]).unwrap_err();
    let text = error.to_string();
    let wanted = [
        "1.toml line 1: not TOML",
        "environment LIFETIDE__KAFKA____X: not the name of a key",
        "--set: expected key=value",
        "workers (0.toml line 1): expected a whole number",
        "stages.max_silence (--set): expected a duration from 1d to 36500d, got \"1h\"",
        "log.levle (environment LIFETIDE__LOG__LEVLE): unknown key, did you mean `log.level`?",
    ];
    for sentence in wanted {
        assert!(text.contains(sentence), "wanted {sentence} in\n{text}");
    }
    assert_eq!(error.0.len(), wanted.len(), "{text}");
}

#[test]
fn a_host_without_a_name_must_be_given_one() {
    let sources = super::Sources {
        files: &[],
        environment: &[],
        sets: &[],
        host_name: None,
        read_file: &|_| Err(std::io::Error::other("no files here")),
    };
    let error = super::Config::read(&sources).unwrap_err();
    assert_eq!(error.to_string(), "instance.id: is not set, and this host has no name to take instead");
}
