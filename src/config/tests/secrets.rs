//! Secrets of our own keys: taken from every layer as they were typed, and told to nobody.

use super::read;

const TOKEN: &str = "marker9c41-marker9c41";

/// Everything a configuration can print.
fn printed(config: &super::Config) -> String {
    let shown: String = config.settings().iter().map(|setting| format!("{setting}\n")).collect();
    format!("{shown}{config:?}")
}

#[test]
fn the_token_of_the_api_is_told_to_nobody_either() {
    let config = read("", &[("LIFETIDE__HTTP__API_TOKEN", TOKEN)], &[]).unwrap();
    assert_eq!(config.http.api_token.clone().unwrap().0, TOKEN);
    let printed = printed(&config);
    assert!(printed.contains("http.api_token = \"(hidden)\"") && !printed.contains("marker9c41"), "{printed}");
}

#[test]
fn what_mails_are_sent_with_is_told_to_nobody() {
    let webhook = "whsec_bWFya2VyOWM0MSBtYXJrZXI5YzQxIG1hcmtlcg==";
    let variables = [
        ("LIFETIDE__DELIVER__SMTP__PASSWORD", TOKEN),
        ("LIFETIDE__DELIVER__WEBHOOK__AUTHORIZATION", TOKEN),
        ("LIFETIDE__DELIVER__WEBHOOK__SECRET", webhook),
    ];
    let config = read("", &variables, &[]).unwrap();
    assert_eq!(config.deliver.smtp.password.clone().unwrap().0, TOKEN);
    let printed = printed(&config);
    assert!(!printed.contains("marker9c41") && !printed.contains("bWFya2Vy"), "{printed}");
    for bad in ["deliver.webhook.secret=marker9c41", "deliver.webhook.authorization=\"a\\nmarker9c41\""] {
        let error = read("", &[], &[bad]).unwrap_err();
        assert!(!format!("{error}{error:?}").contains("marker9c41"), "{error}");
    }
}

#[test]
fn the_login_of_the_schema_registry_is_told_to_nobody() {
    let sets = ["output.format=avro", "output.schema_registry=http://b.shop:8081/api/"];
    let config = read("", &[("LIFETIDE__OUTPUT__SCHEMA_REGISTRY_LOGIN", "ann:marker9c41")], &sets).unwrap();
    let registry = config.output.registry.as_ref().unwrap();
    assert_eq!((registry.address.as_str(), registry.login.clone().unwrap().0.as_str()), ("http://b.shop:8081/api", "ann:marker9c41"));
    let printed = printed(&config);
    assert!(printed.contains("output.schema_registry_login = \"(hidden)\"") && !printed.contains("marker9c41"), "{printed}");
    for bad in ["output.schema_registry_login=marker9c41", "output.schema_registry=http://ann:marker9c41@b.shop"] {
        let error = read("", &[], &[bad]).unwrap_err();
        assert!(!format!("{error}{error:?}").contains("marker9c41"), "{error}");
    }
}

#[test]
fn the_admin_token_comes_from_every_layer_as_it_was_typed_and_is_printed_nowhere() {
    let bearer = |config: &super::Config| config.http.admin_token.clone().unwrap().0;
    let file = read(&format!("[http]\nadmin_token = \"{TOKEN}\""), &[], &[]).unwrap();
    let environment = read("", &[("LIFETIDE__HTTP__ADMIN_TOKEN", TOKEN)], &[]).unwrap();
    let set = read("", &[], &[&format!("http.admin_token={TOKEN}")]).unwrap();
    for config in [file, environment, set] {
        assert_eq!(bearer(&config), TOKEN);
        let printed = printed(&config);
        assert!(printed.contains("http.admin_token = \"(hidden)\"") && !printed.contains("marker9c41"), "{printed}");
    }
    // what TOML would take for a number, a time, a list or a table
    for typed in
        ["1234567890123456", "1e00000000000001", "1979-05-27T07:32:00Z", "[1,2,3,4,5,6,7,8]", "{a=1,b=2,c=3,d=4}", "0x1234567890abcdef"]
    {
        assert_eq!(bearer(&read("", &[("LIFETIDE__HTTP__ADMIN_TOKEN", typed)], &[]).unwrap()), typed);
    }
}

#[test]
fn a_token_that_cannot_be_one_is_refused_and_never_quoted() {
    let wanted = "http.admin_token (--set): expected 16 to 256 visible ASCII characters in quotes, without spaces";
    let bad = [
        "marker9c41".to_string(),
        "marker9c41".repeat(26),
        "marker9c41 marker9c41".to_string(),
        "marker9c41-marker9c4\u{e4}".to_string(),
        "{marker9c41=1}".to_string(),
        "\"marker9c41\\tmarker9c41\"".to_string(),
    ];
    for token in bad {
        let error = read("", &[], &[&format!("http.admin_token={token}")]).unwrap_err();
        assert_eq!(error.to_string(), wanted);
        assert!(!format!("{error:?}").contains("marker9c41"), "{error:?}");
    }
    for file in
        [format!("http.admin_token = [\"{TOKEN}\"]"), format!("http.admin_token = {TOKEN}"), format!("[http]\nadmin_tokn = \"{TOKEN}\"")]
    {
        let error = read(&file, &[], &[]).unwrap_err();
        assert!(!format!("{error}{error:?}").contains("marker9c41"), "{error}");
    }
    let longest = "x".repeat(256);
    assert!(read("", &[], &[&format!("http.admin_token={longest}")]).is_ok());
    assert!(read("", &[], &[&format!("http.admin_token={longest}x")]).is_err());
    assert!(read("", &[], &["http.admin_token=0123456789abcde"]).is_err());
}
