//! The HTTP API as its clients see it: a real server over the committed state of a shop brought about in memory.
//!
//! What it says of customers is compared with what the engine and `report` say, what it says of itself (`docs/openapi.json`) with what it
//! answers. Redirects between processes are tested on a real group (`commands::api`).

pub mod ask;
mod described;
mod schemathesis;

use std::collections::{BTreeMap, BTreeSet};

use lifetide::engine::{self, ALL_REGIONS};
use lifetide::http::{Guard, Owner};
use serde_json::Value;
use sha2::{Digest, Sha256};

use ask::{Asked, SLOTS, Shop, TOKEN};

pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_customer_is_told_with_state_value_cart_plays_reasons_and_the_next_deadline() {
    let asked = Shop::of_ann().ask();
    let ann = asked.json("/api/customers/ann%2F1");
    assert_eq!((&ann["customer_id"], &ann["stage"], &ann["cycle"]), (&"ann/1".into(), &"first_time".into(), &1.into()), "{ann}");
    assert_eq!(ann["stage_since"], "2026-03-02T10:00:00.000Z");
    let stay = |stage: &str, since: &str, until: Value| serde_json::json!({ "stage": stage, "since": since, "until": until });
    let ordered = "2026-03-02T10:00:00.000Z";
    let history = [stay("lead", "2026-03-02T09:00:00.000Z", ordered.into()), stay("first_time", ordered, Value::Null)];
    assert_eq!(ann["held"]["stage_history"], Value::from(history.to_vec()));
    assert_eq!((&ann["as_of"], &ann["next_deadline_at"]), (&"2026-03-04T12:00:00.000Z".into(), &"2026-03-04T13:00:00.000Z".into()));
    assert_eq!((&ann["clv"]["primary_currency"], &ann["clv"]["historic"][0]["net_of_refunds"]["amount"]), (&"USD".into(), &"20.00".into()));
    assert_eq!((&ann["clv"]["inputs"]["x"], &ann["clv"]["id"], &ann["clv"]["cause"]), (&0.into(), &Value::Null, &Value::Null));
    assert!(ann["clv"]["p_alive"].as_f64().unwrap() > 0.5 && ann["clv"]["future"]["expected_orders"].as_f64().unwrap() > 0.0);
    assert_eq!((&ann["held"]["cart"]["id"], &ann["held"]["contact"]["email"]), (&"c-2".into(), &"Ann@Example.com".into()));
    let plays = ann["plays"].as_array().unwrap();
    let cart = plays.iter().find(|play| play["play"] == "cart_recovery").unwrap();
    assert_eq!(
        (&cart["state"], &cart["due_at"], &cart["refusals"]),
        (&"waiting".into(), &ann["next_deadline_at"], &["no_consent"][..].into())
    );
    // the very words of `state export`
    let id = "ann/1";
    let held = asked.shop.committed.with_row(asked.shop.slot_of(id), engine::hash_of(id), id, |row| {
        engine::held(id, &engine::read_row(row).unwrap(), engine::row_deadline_ms(row), &asked.shop.settings)
    });
    assert_eq!(ann["held"], serde_json::from_str::<Value>(&held.unwrap()).unwrap());
    let answer = asked.get("/api/customers/ann%2F1");
    assert!(answer.head.contains("content-type: application/json") && answer.head.contains("cache-control: no-store"), "{}", answer.head);
}

#[test]
fn who_is_not_held_is_not_there_and_who_is_elsewhere_is_asked_for_there() {
    let mut shop = Shop::of_ann();
    let slot = shop.slot_of("ann/1");
    let asked = shop.clone().ask();
    asked.problem("/api/customers/zoe", 404, "nothing is held about this customer");
    asked.problem("/api/customers/%ff", 400, "UTF-8");
    assert_eq!(asked.get("/api/customers/").status, 404);
    drop(shop.committed.take_slot(slot));
    for (owner, detail) in [
        (Owner::Unknown("the group is dealing".to_owned()), "is not here: the group is dealing"),
        (Owner::Ourselves, "is on its way to this instance"),
    ] {
        shop.owner = owner;
        let refused = shop.clone().ask().problem("/api/customers/ann%2F1", 503, detail);
        assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    }
    shop.owner = Owner::At("http://b.shop:9464".to_owned());
    let answer = shop.ask().get("/api/customers/ann%2F1?a=%20b");
    assert_eq!(answer.status, 307, "{}", answer.body);
    assert!(answer.head.contains("\r\nlocation: http://b.shop:9464/api/customers/ann%2f1?a=%20b\r\n"), "{}", answer.head);
}

#[test]
fn where_nobody_knows_how_keys_are_dealt_out_all_slots_are_looked_through() {
    let mut shop = Shop::of_ann();
    shop.is_trusted = true;
    let asked = shop.clone().ask();
    assert_eq!(asked.json("/api/customers/ann%2F1")["slot"], shop.slot_of("ann/1"));
    asked.problem("/api/customers/zoe", 404, "nothing is held");
    drop(shop.committed.take_slot(shop.slot_of("ann/1")));
    shop.ask().problem("/api/customers/ann%2F1", 503, "in none of the slots of this instance");
}

#[test]
fn customers_are_found_by_the_hash_of_their_address_whatever_its_case() {
    let asked = Shop::of_ann().ask();
    let found = |email: &str| asked.json(&format!("/api/customers?email_sha256={}", sha256(email)));
    let both = found("ann@example.com");
    let mut ids: Vec<&str> = both["customers"].as_array().unwrap().iter().map(|found| found["customer_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!((ids, &both["searched"], &both["next"]), (vec!["ann/1", "ann/2"], &3.into(), &Value::Null), "{both}");
    assert_eq!(both["slots"].as_array().unwrap().len(), SLOTS as usize);
    assert_eq!((found("zoe@example.com")["customers"].as_array().unwrap().len(), found("")["customers"].as_array().unwrap().len()), (0, 0));
    let last = format!("/api/customers?email_sha256={}&after={}.1023", sha256("ann@example.com"), SLOTS - 1);
    assert_eq!(asked.json(&last)["searched"], 0);
    let hash = sha256("ann@example.com");
    for query in [
        String::new(),
        "?email_sha256=ann@example.com".to_owned(),
        format!("?email_sha256={hash}&after=1"),
        format!("?email_sha256={hash}&email_sha256={hash}"),
        format!("?email_sha256={hash}&email=x"),
    ] {
        let refused = asked.get(&format!("/api/customers{query}"));
        assert_eq!(refused.status, 400, "{query}");
        assert!(!refused.body.contains("example.com"), "{}", refused.body);
    }
}

#[test]
fn a_search_through_a_hundred_thousand_customers_ends_page_by_page() {
    const CUSTOMERS: usize = 100_000;
    let shop = Shop::generated();
    let mut rows = Vec::new();
    for (slot, region) in (0..SLOTS).flat_map(|slot| ALL_REGIONS.map(move |region| (slot, region))) {
        shop.committed.with_region(slot, region as u16, |region| {
            rows.extend(region.into_iter().flat_map(|region| region.rows()).map(|(_, _, row)| row.to_vec()));
        });
    }
    let known: u64 = (0..SLOTS).map(|slot| shop.committed.footprint(slot).0 as u64).sum();
    for (number, row) in (0..CUSTOMERS).zip(rows.iter().cycle()) {
        let id = format!("more-{number}");
        shop.committed.put(shop.slot_of(&id), engine::hash_of(&id), &id, Some(row));
    }
    let asked = shop.ask();
    let (mut searched, mut pages, mut after) = (0, 0, String::new());
    let began_ms = lifetide::clock::monotonic_ms();
    loop {
        let page = asked.json(&format!("/api/customers?email_sha256={}{after}", sha256("zoe@example.com")));
        searched += page["searched"].as_u64().unwrap();
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    println!("{searched} customers in {} ms, {pages} answers", lifetide::clock::monotonic_ms() - began_ms);
    assert_eq!(searched, CUSTOMERS as u64 + known, "nobody is left out, nobody looked at twice");
    let many = asked.json(&format!("/api/customers?email_sha256={}", sha256("u-00000003@example.com")));
    assert!(many["customers"].as_array().unwrap().len() >= 100 && many["next"].is_string(), "as many as one answer may have");
}

#[test]
fn figures_are_those_that_readers_of_the_topic_add_up() {
    let asked = Shop::generated().ask();
    let mut latest: BTreeMap<String, Value> = BTreeMap::new();
    for cell in &asked.shop.cells {
        latest.insert(cell["key"].as_str().unwrap().to_owned(), cell["value"].clone());
    }
    let minor = |value: &Value| [value, &value["minor"], &value["count"]].into_iter().find_map(Value::as_i64).unwrap();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (key, value) in &latest {
        *sums.entry(key.rsplit_once('|').unwrap().0.to_owned()).or_default() += minor(value);
    }
    let key = |figure: &Value| {
        let dims = figure["dims"].as_object().unwrap().iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap()));
        let dims: Vec<String> = dims.collect();
        format!("{}|{}|{}", figure["name"].as_str().unwrap(), dims.join(","), figure["window_start"].as_str().unwrap())
    };
    let (mut told, mut pages, mut after) = (BTreeMap::new(), 0, String::new());
    loop {
        let page = asked.json(&format!("/api/aggregates?limit=40&after={}", ask::encoded(&after)));
        assert!(page["figures"].as_array().unwrap().len() <= 40 && page["slots"].as_array().unwrap().len() == SLOTS as usize);
        told.extend(page["figures"].as_array().unwrap().iter().map(|figure| (key(figure), minor(&figure["value"]))));
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert!(pages > 2 && told.len() > 80, "{pages} pages of {} figures", told.len());
    assert_eq!(told, sums);
    let stages = asked.json("/api/aggregates?name=customers_in_stage");
    assert!(stages["figures"].as_array().unwrap().iter().all(|figure| figure["name"] == "customers_in_stage"), "{stages}");
    assert!(stages["figures"].as_array().unwrap().len() > 2, "{stages}");
    for query in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "of=x"] {
        asked.problem(&format!("/api/aggregates?{query}"), 400, "expected name, scope (all or instance), after and limit (1 to 1000)");
    }
    // durations are read off sketches, which are added bin by bin
    let stays = asked.json("/api/aggregates?name=stage_stays,checkout_durations");
    let sketches: Vec<&Value> = stays["figures"].as_array().unwrap().iter().map(|figure| &figure["value"]).collect();
    assert!(sketches.len() > 2, "{stays}");
    for sketch in sketches {
        let bins = sketch["bins"].as_array().unwrap();
        assert_eq!(bins.iter().map(|bin| bin["count"].as_i64().unwrap()).sum::<i64>(), sketch["count"].as_i64().unwrap());
        let (half, most) = (sketch["p50_ms"].as_i64().unwrap(), sketch["p90_ms"].as_i64().unwrap());
        assert!(bins[0]["from_ms"].as_i64().unwrap() <= half && half <= most, "{sketch}");
        assert!(most < bins.last().unwrap()["below_ms"].as_i64().unwrap(), "{sketch}");
    }
}

#[test]
fn an_instance_that_does_not_answer_is_named_and_its_slots_are_not_passed_off_as_counted() {
    let shop = Shop::generated();
    let whole = shop.clone().ask().json("/api/economics");
    assert_eq!((whole["slots"].as_array().unwrap().len(), &whole["missing"]), (SLOTS as usize, &Value::Array(Vec::new())), "{whole}");
    let rows = whole["rows"].as_array().unwrap();
    let channel = rows.iter().find(|row| row["by"] == "channel" && row["clv"]["minor"].as_i64() > Some(0)).unwrap();
    assert!(channel["leads"].as_i64() >= channel["customers"].as_i64() && channel["conversion"].as_f64() <= Some(1.0), "{channel}");
    drop(shop.committed.take_slot(1));
    let asked = shop.ask();
    for path in ["/api/aggregates", "/api/plays", "/api/economics"] {
        let told = asked.json(path);
        assert_eq!(told["missing"], serde_json::json!(["http://elsewhere: nobody answers"]), "{told}");
        assert!(
            told["slots"].as_array().unwrap().iter().all(|slot| *slot != 1)
                && told["slots"].as_array().unwrap().len() == SLOTS as usize - 1
        );
    }
    let lookup = format!("/api/customers?email_sha256={}", sha256("u-00000003@example.com"));
    let found = asked.json(&lookup);
    assert_eq!(found["missing"], serde_json::json!(["http://elsewhere: nobody answers"]), "{found}");
    assert_eq!((found["slots"].as_array().unwrap().len(), &found["next"]), (SLOTS as usize - 1, &Value::Null));
    for own in ["/api/aggregates?scope=instance", &format!("{lookup}&scope=instance")] {
        assert_eq!(asked.json(own)["missing"], serde_json::json!([]), "{own}");
    }
}

#[test]
fn plays_are_told_with_what_they_did_week_by_week() {
    let asked = Shop::generated().ask();
    let told = asked.json("/api/plays");
    let plays = told["plays"].as_array().unwrap();
    let names: Vec<&str> = plays.iter().map(|play| play["play"].as_str().unwrap()).collect();
    assert_eq!(names, asked.shop.settings.plays.iter().map(|play| play.name.as_str()).collect::<Vec<_>>());
    let place = names.iter().position(|name| *name == "cart_recovery").unwrap();
    let cart = &plays[place];
    assert_eq!((&cart["mode"], &cart["play_version"]), (&"live".into(), &asked.shop.settings.plays[place].version.as_str().into()));
    let sent: i64 = cart["weeks"].as_array().unwrap().iter().map(|week| week["sent"].as_i64().unwrap()).sum();
    let counted = asked.shop.actions.iter().filter(|action| action["kind"] == "send").count();
    assert!(sent > 0 && sent == counted as i64, "{sent} told, {counted} written");
    let refused = |week: &Value| week["suppressed"].as_array().unwrap().iter().map(|why| why["count"].as_i64().unwrap()).sum::<i64>();
    let suppressed: i64 = cart["weeks"].as_array().unwrap().iter().map(refused).sum();
    assert_eq!(suppressed, asked.shop.actions.iter().filter(|action| action["kind"] == "suppressed").count() as i64);
    assert!(asked.json("/api/plays?weeks=1")["plays"].as_array().unwrap().iter().all(|play| play["weeks"].as_array().unwrap().len() <= 1));
    asked.problem("/api/plays?weeks=105", 400, "expected weeks (1 to 104)");
}

#[test]
fn what_says_something_of_the_shop_needs_the_token_and_the_process_tells_of_itself_to_everybody() {
    let guarded = ["/api/customers/ann%2F1", "/api/customers", "/api/aggregates", "/api/plays", "/api/economics"];
    let open = ["/api/openapi.json", "/api/slots", "/api/models"];
    let mut shop = Shop::of_ann();
    shop.token = Some(TOKEN);
    let asked = shop.ask();
    for path in guarded {
        for header in ["", "Authorization: Bearer marker9c41\r\n"] {
            let refused = asked.get_with(path, header);
            assert_eq!(refused.status, 401, "{path}");
            assert!(refused.head.contains("www-authenticate: bearer") && !refused.body.contains("marker9c41"), "{}", refused.head);
        }
        assert_ne!(asked.get_with(path, &format!("Authorization: Bearer {TOKEN}\r\n")).status, 401, "{path}");
    }
    let guard = Guard::new("questions about customers and figures", "http.api_token", None, Box::new(|_| ()));
    let off = Shop::of_ann().ask_with(guard);
    // a stream, which only ends where it is refused
    assert_eq!((asked.get("/api/live").status, off.get("/api/live").status), (401, 403));
    for path in guarded {
        off.problem(path, 403, "questions about customers and figures are off: http.api_token turns them on");
    }
    for path in open {
        assert_eq!((asked.get(path).status, off.get(path).status), (200, 200), "{path}");
    }
    assert_eq!(off.get("/api/nothing").status, 404);
    assert_eq!(off.send("POST", "/api/slots", "").status, 405);
}

#[test]
fn everything_answered_is_as_described() {
    let asked = Shop::generated().ask();
    let described = described::Described::new(&asked.get("/api/openapi.json").body);
    let mut ids = BTreeSet::new();
    for (slot, region) in (0..SLOTS).flat_map(|slot| ALL_REGIONS.map(move |region| (slot, region))) {
        asked.shop.committed.with_region(slot, region as u16, |region| {
            let rows = region.into_iter().flat_map(|region| region.rows());
            ids.extend(rows.map(|(_, id, _)| String::from_utf8(id.to_vec()).unwrap()));
        });
    }
    assert!(ids.len() > 100, "{} customers", ids.len());
    for id in &ids {
        described.check("/api/customers/{customer_id}", 200, &asked.json(&format!("/api/customers/{}", ask::encoded(id))));
    }
    let lookup = format!("/api/customers?email_sha256={}", sha256("u-00000003@example.com"));
    for (path, question) in [
        ("/api/customers", lookup.as_str()),
        ("/api/aggregates", "/api/aggregates"),
        ("/api/plays", "/api/plays"),
        ("/api/economics", "/api/economics"),
        ("/api/slots", "/api/slots"),
        ("/api/models", "/api/models"),
    ] {
        described.check(path, 200, &asked.json(question));
    }
    for (path, status, question) in [("/api/customers/{customer_id}", 404, "/api/customers/zoe"), ("/api/customers", 400, "/api/customers")]
    {
        described.check(path, status, &serde_json::from_str(&asked.get(question).body).unwrap());
    }
}

#[test]
fn the_last_decisions_about_a_customer_are_told_with_their_reasons_where_they_are_kept() {
    let asked = Shop::of_ann().ask();
    let ann = asked.json("/api/customers/ann%2F1");
    assert_eq!((&ann["decisions_kept"], &ann["held"]["decisions"]), (&0.into(), &Value::Array(Vec::new())), "{ann}");
    let asked = Shop::of_ann_with(&["state.decisions_kept=2".to_owned()]).ask();
    let ann = asked.json("/api/customers/ann%2F1");
    let move_to = |from: Value, to: &str, at: &str, reason: &str| serde_json::json!({ "at": at, "kind": "transition", "track": "lifecycle", "from": from, "to": to, "play": null, "step": null, "reason": reason });
    let decisions = [
        move_to(Value::Null, "lead", "2026-03-02T09:00:00.000Z", "first_seen"),
        move_to("lead".into(), "first_time", "2026-03-02T10:00:00.000Z", "order"),
    ];
    assert_eq!((&ann["decisions_kept"], &ann["held"]["decisions"]), (&2.into(), &Value::from(decisions.to_vec())), "{ann}");
    described::Described::new(&asked.get("/api/openapi.json").body).check("/api/customers/{customer_id}", 200, &ann);
}

#[test]
fn who_watches_is_sent_pictures_whose_sums_are_those_of_the_figures() {
    let asked = Shop::generated().ask();
    let picture = asked.first_event("/api/live");
    described::Described::new(&asked.get("/api/openapi.json").body).check_event("/api/live", "Picture", &picture);
    let stages = asked.json("/api/aggregates?name=customers_in_stage");
    let of_figures: BTreeMap<&str, i64> = stages["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|figure| (figure["dims"]["stage"].as_str().unwrap(), figure["value"].as_i64().unwrap()))
        .collect();
    let pairs = picture["stages"].as_array().unwrap().iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_i64().unwrap()));
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), of_figures);
    let valued = asked.json("/api/aggregates?name=valued_customers");
    let valued: i64 = valued["figures"].as_array().unwrap().iter().map(|figure| figure["value"].as_i64().unwrap()).sum();
    let bins = picture["spread"].as_array().unwrap().iter().flat_map(|spread| spread["bins"].as_array().unwrap());
    assert_eq!(bins.map(|bin| bin[1].as_i64().unwrap()).sum::<i64>(), valued);
    assert!(valued > 50 && picture["moves"].as_array().unwrap().len() > 5, "{picture}");
    assert_eq!(told(&picture["moves"], 2), sums(&asked, "stage_entries", &["from", "to"]));
    let equity = told(&picture["equity_minor"], 1);
    assert!(!equity.is_empty() && equity == sums(&asked, "customer_equity", &["currency"]), "{picture}");
    for (name, place) in [("drop_offs", 1), ("orders_by_step", 2)] {
        let rows = picture["attempts"].as_array().unwrap().iter();
        let counts: BTreeMap<Vec<String>, i64> =
            rows.map(|row| (vec![row[0].as_str().unwrap().to_owned()], row[place].as_i64().unwrap())).filter(|row| row.1 != 0).collect();
        assert!(!counts.is_empty() && counts == sums(&asked, name, &["step"]), "{name}: {picture}");
    }
    assert_eq!(picture["plays"].as_array().unwrap().len(), asked.shop.settings.plays.len());
    let cart = |plays: &Value| plays.as_array().unwrap().iter().find(|play| play["play"] == "cart_recovery").unwrap().clone();
    assert_eq!(cart(&picture["plays"]), cart(&asked.json("/api/plays?weeks=13")["plays"]));
}

/// Rows of words and a number, by the words.
fn told(rows: &Value, words: usize) -> BTreeMap<Vec<String>, i64> {
    let word = |word: &Value| word.as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter().map(|row| row.as_array().unwrap());
    rows.map(|row| (row[..words].iter().map(word).collect(), row[words].as_i64().unwrap())).collect()
}

/// Sums of a figure by some of its dimensions; what comes to nothing is left out.
fn sums(asked: &Asked, name: &str, dims: &[&str]) -> BTreeMap<Vec<String>, i64> {
    let mut sums: BTreeMap<Vec<String>, i64> = BTreeMap::new();
    for figure in asked.json(&format!("/api/aggregates?name={name}"))["figures"].as_array().unwrap() {
        let key = dims.iter().map(|dim| figure["dims"][*dim].as_str().unwrap().to_owned()).collect();
        *sums.entry(key).or_default() += figure["value"].as_i64().or_else(|| figure["value"]["minor"].as_i64()).unwrap();
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[test]
fn many_questions_at_one_time_are_answered_or_put_off_and_none_is_lost() {
    let asked = Shop::generated().ask();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| asked.get("/api/plays").status)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [200, 503].contains(status)) && statuses.contains(&200), "{statuses:?}");
    assert_eq!(asked.get("/api/plays").status, 200, "a place is free again");
}

/// Only what the tests ask for.
impl Asked {
    fn problem(&self, path: &str, status: u16, detail: &str) -> ask::Answer {
        let answer = self.get(path);
        let text = format!("{}\n{}", answer.head, answer.body);
        assert_eq!(answer.status, status, "{path}: {text}");
        assert!(answer.head.contains("content-type: application/problem+json") && answer.body.contains(detail), "{path}: {text}");
        answer
    }
}
