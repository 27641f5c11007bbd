//! Configurations as people write them, and what becomes of them.

mod plays;
mod reference;
mod refused;
mod reload;
mod secrets;
mod stages;

use super::{Config, ConfigError, Origin, Sources, Text, TimeMode, models};
use crate::clv::ModelKind;
use crate::engine::{StageCondition, StageMoment};
use crate::event::Format;

/// One file, some variables, some `--set`.
fn read(file: &str, environment: &[(&str, &str)], sets: &[&str]) -> Result<Config, ConfigError> {
    read_files(&[file], environment, sets)
}

fn read_files(files: &[&str], environment: &[(&str, &str)], sets: &[&str]) -> Result<Config, ConfigError> {
    let files: Vec<Text> = files.iter().enumerate().map(|(i, text)| Text { name: format!("{i}.toml"), text: text.to_string() }).collect();
    let environment: Vec<(String, String)> = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let sets: Vec<String> = sets.iter().map(|set| set.to_string()).collect();
    Config::read(&Sources {
        files: &files,
        environment: &environment,
        sets: &sets,
        host_name: Some("host-1"),
        read_file: &|path| match path {
            "good.toml" => Ok(super::models::SHIPPED_TOML.replace("fitted = false", "fitted = true")),
            "bad.toml" => Ok(super::models::SHIPPED_TOML.replace("unit = \"week\"", "unit = \"day\"")),
            _ => Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no such file")),
        },
    })
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let file = "workers = 2\n[kafka]\ngroup_id = \"from-file\"\nbootstrap_servers = \"file:9092\"\n";
    let second = "kafka.group_id = \"from-second-file\"";
    let environment = [("LIFETIDE__WORKERS", "3"), ("LIFETIDE__KAFKA__BOOTSTRAP_SERVERS", "env:9092"), ("HOME", "/")];
    let config = read_files(&[file, second], &environment, &["workers=4", "commit.interval_ms = 7"]).unwrap();
    assert_eq!(config.workers, 4);
    assert_eq!(config.kafka.bootstrap_servers, "env:9092");
    assert_eq!(config.kafka.group_id, "from-second-file");
    assert_eq!(config.commit.interval_ms, 7);
    assert_eq!(config.instance_id, "host-1");
    let origin = |key: &str| config.settings().iter().find(|setting| setting.key == key).unwrap().origin.clone();
    assert_eq!(origin("workers"), Origin::Set);
    assert_eq!(origin("kafka.bootstrap_servers"), Origin::Environment("LIFETIDE__KAFKA__BOOTSTRAP_SERVERS".to_string()));
    assert_eq!(origin("kafka.group_id"), Origin::File { name: "1.toml".to_string(), line: 1 });
    assert_eq!(origin("instance.id"), Origin::Host);
    assert_eq!(origin("output.prefix"), Origin::Default);
}

#[test]
fn a_table_in_one_layer_leaves_its_other_keys_to_the_layers_below() {
    let config = read("[stages]\nmin_silence = \"10d\"", &[], &["time={ mode = \"event\", max_skew = \"1m\" }"]).unwrap();
    let conditions = config.engine.lifecycle.graph.entries.iter().flat_map(|entry| &entry.when);
    let silence_days = |condition: &StageCondition| match condition {
        StageCondition::Since { moment: StageMoment::LatestOrder, ms, .. } => Some(ms / 86_400_000),
        _ => None,
    };
    assert_eq!(conditions.filter_map(silence_days).collect::<Vec<_>>(), [10, 730]);
    assert_eq!((config.time.mode, config.time.idle_grace_ms), (TimeMode::Event, 15_000));
    assert_eq!(config.input.decode.max_skew_ms, 60_000);
}

#[test]
fn values_of_environment_and_sets_are_toml_or_else_text() {
    let environment = [("LIFETIDE__INPUT__TOPICS", "[\"a\", 'b']"), ("LIFETIDE__INSTANCE__ID", "7"), ("LIFETIDE__PLAYS__SALT", "1e5")];
    let sets = ["kafka.group_id=2026-01-01", "output.prefix=shop.", "kafka.static_membership=false"];
    let config = read("", &environment, &sets).unwrap();
    assert_eq!(config.input.topics, ["a", "b"]);
    assert_eq!(config.instance_id, "7");
    assert_eq!(config.engine.salt, "1e5");
    assert_eq!(config.kafka.group_id, "2026-01-01");
    assert_eq!(config.output.topic("clv"), "shop.clv");
    assert!(!config.kafka.static_membership);
}

#[test]
fn librdkafka_keys_can_be_written_in_every_layer_and_keep_their_dots() {
    let file = "
        [kafka.properties]
        \"sasl.mechanisms\" = \"PLAIN\"
        security.protocol = \"SASL_SSL\"
        \"socket.keepalive.enable\" = true
        linger.ms = 3
    ";
    let environment = [("LIFETIDE__KAFKA__PROPERTIES__SASL_USERNAME", "shop"), ("LIFETIDE__KAFKA__PROPERTIES__SASL_PASSWORD", "1_000")];
    let sets = ["kafka.properties.ssl.ca.location=/ca.pem", "kafka.properties.\"client.id\"=\"x\""];
    let config = read(file, &environment, &sets).unwrap();
    let properties: Vec<(&str, &str)> = config.kafka.properties.iter().collect();
    let wanted = [
        ("client.id", "x"),
        ("linger.ms", "3"),
        ("sasl.mechanisms", "PLAIN"),
        ("sasl.password", "1_000"),
        ("sasl.username", "shop"),
        ("security.protocol", "SASL_SSL"),
        ("socket.keepalive.enable", "true"),
        ("ssl.ca.location", "/ca.pem"),
    ];
    assert_eq!(properties, wanted);
}

#[test]
fn formats_are_named_by_topic_in_every_layer_and_the_others_are_found_out() {
    let file = "[input]\ntopics = [\"shop.events\", \"mail.ses\", \"mail\"]\n[input.formats]\n\"mail.ses\" = \"ses\"";
    let config = read(file, &[], &["input.formats.mail=postmark"]).unwrap();
    assert_eq!(config.input.decode.formats, [Format::Auto, Format::Ses, Format::Postmark]);
    assert_eq!(config.input.decode.format(3), Format::Auto);
    let shown: String = config.settings().iter().map(|setting| format!("{setting}\n")).collect();
    assert!(shown.contains("input.formats.\"mail.ses\" = \"ses\"  # 0.toml line 4"), "{shown}");
    let topics_alone = read("[input]\ntopics = [\"shop.events\", \"mail.ses\", \"mail\"]", &[], &[]).unwrap();
    assert_ne!(config.fingerprint(), topics_alone.fingerprint(), "they decide what records say");
}

#[test]
fn secrets_are_printed_nowhere() {
    let secret = "hunter2";
    let file = format!(
        "[kafka.properties]\n\"ssl.key.pem\" = \"{secret}\"\n\"ssl.key.password\" = \"{secret}\"\n\"sasl.oauthbearer.client.secret\" = \"{secret}\""
    );
    let set = format!("kafka.properties.sasl.password={secret}");
    let config = read(&file, &[], &[&set]).unwrap();
    let shown: String = config.settings().iter().map(|setting| format!("{setting}\n")).collect();
    assert!(shown.contains("kafka.properties.\"sasl.password\" = \"(hidden)\"  # --set"), "{shown}");
    assert!(!shown.contains(secret), "{shown}");
    let debug = format!("{config:?}");
    assert!(debug.contains("sasl.password") && !debug.contains(secret), "{debug}");

    let key = "00112233445566778899aabbccddeeff";
    let config = read(&format!("[customers]\nerasure_key = \"{key}\""), &[], &[]).unwrap();
    let shown: String = config.settings().iter().map(|setting| format!("{setting}\n")).collect();
    assert!(shown.contains("customers.erasure_key = \"(hidden)\"") && !format!("{shown}{config:?}").contains(key), "{shown}");
    assert_eq!(config.fingerprint(), read("", &[], &[]).unwrap().fingerprint(), "blocks tell nothing of a secret");

    let broken = [
        format!("customers.erasure_key = \"{secret}\""),
        format!("[kafka.properties]\nsasl.password = {secret}"),
        format!("[kafka.properties]\nsasl.password = [\"{secret}\"]"),
        format!("[kafka.propertis]\nsasl.password = \"{secret}\""),
        format!("kafka.properties = \"sasl.password={secret}\""),
        format!("sasl.password = \"{secret}\""),
    ];
    for text in broken {
        let error = read(&text, &[], &[]).unwrap_err();
        assert!(!error.to_string().contains(secret) && !format!("{error:?}").contains(secret), "{error}");
    }
}

#[test]
fn the_fingerprint_changes_with_decisions_and_with_nothing_else() {
    let print = |file: &str, sets: &[&str]| read(file, &[], sets).unwrap().fingerprint();
    let shipped = print("", &[]);
    for same in [
        "workers=3",
        "kafka.group_id=x",
        "log.level=debug",
        "http.listen=0.0.0.0:1",
        "http.admin_token=0123456789abcdef",
        "state.decisions_kept=5",
        "stages.min_silence=30d",
    ] {
        assert_eq!(print("", &[same]), shipped, "{same}");
    }
    assert_eq!(print("[plays.cart_recovery]\nmode = \"live\"", &[]), shipped);
    let changed = ["stages.min_silence=31d", "plays.salt=x", "clv.models=good.toml", "input.topics=[\"a\"]", "consent.require=none"];
    for other in changed {
        assert_ne!(print("", &[other]), shipped, "{other}");
    }
}

#[test]
fn the_parameter_file_is_read_and_its_model_chosen() {
    let shipped = read("", &[], &[]).unwrap().engine.value.parameters;
    assert_eq!((shipped.name.as_str(), shipped.fitted, shipped.buyers), ("cdnow", false, Some(2357)));
    let other = read("", &[], &["clv.models=good.toml", "clv.model=bg_nbd"]).unwrap().engine.value.parameters;
    assert!(other.fitted);
    assert_ne!(other.purchase, shipped.purchase);
    assert_eq!(other.spend, shipped.spend);
    let pareto = read("", &[], &["clv.model=pareto_nbd"]).unwrap().engine.value.parameters;
    assert_eq!((pareto.purchase.name(), pareto.purchase.named_parameters()[3]), ("pareto_nbd", ("beta", 11.6715)));
}

#[test]
fn models_of_regular_buying_come_with_their_k() {
    let file = |k: &str| {
        format!(
            "name = \"n\"\nversion = \"1\"\nfitted = true\nunit = \"week\"\n[mbg_cnbd_k]\nr = 0.5\nalpha = 6\na = 0.9\nb = 1.6\nk = {k}\n"
        )
    };
    let purchase = models::parse(&file("3"), ModelKind::MbgCnbdK).unwrap().purchase;
    assert_eq!((purchase.name(), purchase.regularity()), ("mbg_cnbd_k", 3));
    let refused = [
        ("0", ModelKind::MbgCnbdK, "purchase.k = 0 is not a whole number from 1 to 12"),
        ("2.5", ModelKind::MbgCnbdK, "line 10: invalid type: floating point `2.5`, expected u32"),
        ("3", ModelKind::BgCnbdK, "has no table [bg_cnbd_k]"),
    ];
    for (k, model, message) in refused {
        assert_eq!(models::parse(&file(k), model).unwrap_err(), message);
    }
}
