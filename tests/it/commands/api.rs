//! The API of a group: any instance answers for any customer, itself or by sending on to the one that has them, and with what was known of them
//! where they were before.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

use serde_json::Value;

use super::running::get;
use super::{SOON, wait_for};
use crate::api::sha256;
use crate::trial::{Process, SLOTS, Trial};

const TOKEN_VARIABLE: &str = "LIFETIDE__HTTP__API_TOKEN";
const TOKEN: &str = "marker9c41-of-who-reads";

/// A port that is free just now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// A process that advertises its address.
fn start(trial: &Trial, instance: &str, address: &str) -> Process {
    let log = trial.folder.join(format!("{instance}.log"));
    let sets =
        [format!("instance.id=\"{instance}\""), format!("http.listen=\"{address}\""), format!("http.advertised=\"http://{address}\"")];
    let mut command = trial.command(&["run"]);
    for set in &sets {
        command.args(["--set", set]);
    }
    let child = command.stdout(Stdio::null()).stderr(Stdio::from(File::create(&log).unwrap())).spawn().unwrap();
    Process { child, log }
}

/// Status, place named by a redirect, and body.
fn ask(address: &str, path: &str) -> (u16, Option<String>, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let place = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("location: ").map(str::to_owned));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), place, body.to_owned())
}

/// The slots that an instance serves.
fn slots(address: &str) -> Vec<u64> {
    let told: Value = serde_json::from_str(&get(address, "/api/slots").1).unwrap();
    assert_eq!(told["slot_count"], SLOTS);
    let lines = told["slots"].as_array().unwrap().iter().filter(|line| line["state"] == "running");
    lines.map(|line| line["slot"].as_u64().unwrap()).collect()
}

fn figures_are_of_all_slots_whomever_one_asks(addresses: &[String; 2]) {
    let told = |address: &str, path: &str| -> Value { serde_json::from_str(&ask(address, path).2).unwrap() };
    for path in ["/api/aggregates", "/api/economics", "/api/plays"] {
        let [one, other] = addresses.each_ref().map(|address| told(address, path));
        assert_eq!(one, other, "{path}");
        assert_eq!((one["slots"].as_array().unwrap().len(), &one["missing"]), (SLOTS as usize, &Value::Array(Vec::new())), "{path}: {one}");
    }
    // customers of both, counted once each, page by page as at once
    let sum = |told: &Value| told["figures"].as_array().unwrap().iter().map(|figure| figure["value"].as_i64().unwrap()).sum::<i64>();
    let name = "name=customers_in_stage";
    let all = told(&addresses[0], &format!("/api/aggregates?{name}"));
    let own = addresses.each_ref().map(|address| told(address, &format!("/api/aggregates?{name}&scope=instance")));
    assert!(own.iter().all(|own| sum(own) > 0 && own["missing"].as_array().unwrap().is_empty()), "{own:?}");
    assert_eq!(sum(&all), own.iter().map(sum).sum::<i64>());
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let page = told(&addresses[1], &format!("/api/aggregates?{name}&limit=2{after}"));
        pages.extend(page["figures"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={}", next.replace('|', "%7C").replace('=', "%3D"));
    }
    assert_eq!(Value::Array(pages), all["figures"]);
}

/// All that was written has been read, and the slots' customers are those of the figures.
fn slots_are_told_with_their_customers_and_what_waits(trial: &Trial, addresses: &[String; 2]) {
    let told = |address: &str, path: &str| -> Value { serde_json::from_str(&ask(address, path).2).unwrap() };
    let figures = told(&addresses[0], "/api/aggregates?name=customers_in_stage");
    let all: i64 = figures["figures"].as_array().unwrap().iter().map(|figure| figure["value"].as_i64().unwrap()).sum();
    // measured twice a second, a topic of a slot at a time
    wait_for("slots to be measured", SOON, || {
        let lines: Vec<Value> =
            addresses.iter().flat_map(|address| told(address, "/api/slots")["slots"].as_array().unwrap().clone()).collect();
        let customers: i64 = lines.iter().filter_map(|line| line["size"]["customers"].as_i64()).sum();
        let is_read = |line: &Value| trial.inputs().iter().all(|topic| line["lag_records"][topic] == 0);
        (lines.len() == SLOTS as usize && customers == all && lines.iter().all(is_read)).then_some(())
    });
}

fn customers_are_found_by_address_whomever_one_asks<'a>(addresses: &[String; 2], customers: impl Iterator<Item = &'a String>) {
    let (mut found, mut held) = (0, [0, 0]);
    for customer in customers {
        let path = format!("/api/customers?email_sha256={}", sha256(&format!("{customer}@example.com")));
        let told = |address: &String, more: &str| -> Value { serde_json::from_str(&ask(address, &format!("{path}{more}")).2).unwrap() };
        let [one, other] = addresses.each_ref().map(|address| told(address, ""));
        assert_eq!((&one["missing"], &one["next"]), (&Value::Array(Vec::new()), &Value::Null), "{one}");
        assert_eq!((one["slots"].as_array().unwrap().len(), &one["customers"]), (SLOTS as usize, &other["customers"]));
        let own = addresses.each_ref().map(|address| told(address, "&scope=instance")["customers"].as_array().unwrap().len());
        let all = one["customers"].as_array().unwrap();
        assert_eq!(own[0] + own[1], all.len(), "{customer}");
        assert!(all.iter().all(|found| found["customer_id"] == **customer), "{one}");
        found += all.len();
        held = [held[0] + own[0], held[1] + own[1]];
    }
    assert!(found > 10 && held.iter().all(|held| *held > 0), "{found} found, {held:?}");
}

#[test]
fn any_instance_of_a_group_answers_for_any_customer_or_says_where() {
    let mut trial = Trial::new("api", &[]);
    trial.environment = vec![(TOKEN_VARIABLE, TOKEN.to_owned())];
    trial.create_topics();
    trial.load(9, 2_000, 40);
    let expected = trial.replay();
    let addresses = [free_address(), free_address()];
    let mut processes = [start(&trial, "a", &addresses[0]), start(&trial, "b", &addresses[1])];
    wait_for("both to serve their slots", SOON, || {
        processes.iter_mut().for_each(|process| assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log_tail()));
        let served = addresses.each_ref().map(|address| TcpStream::connect(address).ok().map(|_| slots(address)));
        matches!(served, [Some(a), Some(b)] if a.len() + b.len() == SLOTS as usize && !a.is_empty() && !b.is_empty()).then_some(())
    });
    trial.wait_until_written(&expected, &processes.each_ref(), SOON);
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for (customer, values) in &expected["clv"] {
        let path = format!("/api/customers/{customer}");
        for (own, other) in [(&addresses[0], &addresses[1]), (&addresses[1], &addresses[0])] {
            // an instance may still hold what it knew of the group before the other one came
            let (status, place, body) = wait_for("an answer", SOON, || Some(ask(own, &path)).filter(|(status, ..)| *status != 503));
            *answers.entry(status).or_default() += 1;
            let body = if status == 307 {
                assert_eq!(place.unwrap(), format!("http://{other}{path}"));
                ask(other, &path).2
            } else {
                assert_eq!(status, 200, "{body}");
                body
            };
            let told: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(told["customer_id"], *customer);
            // for pages, which may not go to another: the same by way of this one
            let (status, _, by_way) = ask(own, &format!("{path}?elsewhere=ask"));
            assert_eq!((status, &serde_json::from_str::<Value>(&by_way).unwrap()["clv"]), (200, &told["clv"]), "{by_way}");
            let last = values.last().unwrap();
            assert_eq!(told["clv"]["historic"], last["historic"], "{customer}");
        }
    }
    assert!(answers[&200] == answers[&307] && answers.len() == 2, "each customer is at one of the two: {answers:?}");
    figures_are_of_all_slots_whomever_one_asks(&addresses);
    slots_are_told_with_their_customers_and_what_waits(&trial, &addresses);
    customers_are_found_by_address_whomever_one_asks(&addresses, expected["clv"].keys());
    // who has neither: nobody
    let nobody = addresses.each_ref().map(|address| ask(address, "/api/customers/nobody-of-that-name").0);
    assert!(nobody == [404, 307] || nobody == [307, 404], "{nobody:?}");
    let by_way = addresses.each_ref().map(|address| ask(address, "/api/customers/nobody-of-that-name?elsewhere=ask").0);
    assert_eq!(by_way, [404; 2]);
    let log = processes.each_ref().map(|process| std::fs::read_to_string(&process.log).unwrap()).concat();
    assert!(!log.contains("marker9c41"), "the token is in a log");
    // who does not answer is named
    processes[1].kill_9();
    let told: Value =
        serde_json::from_str(&ask(&addresses[0], &format!("/api/customers?email_sha256={}", sha256("zoe@example.com"))).2).unwrap();
    let missing = told["missing"][0].as_str().unwrap_or_default();
    assert!(
        missing.starts_with(&format!("http://{}: ", addresses[1])) && told["slots"].as_array().unwrap().len() < SLOTS as usize,
        "{told}"
    );
    assert_eq!(processes[0].stop(SOON), Some(0), "{}", processes[0].log_tail());
}

#[test]
fn the_stages_so_far_and_the_last_decisions_go_with_a_customer_to_another_instance() {
    const KEPT: usize = 3;
    let mut trial = Trial::new("api-decisions", &[&format!("state.decisions_kept={KEPT}")]);
    trial.environment = vec![(TOKEN_VARIABLE, TOKEN.to_owned())];
    trial.create_topics();
    trial.load(11, 2_000, 40);
    let expected = trial.replay();
    let told = |process: &mut Process, address: &str| -> BTreeMap<String, Value> {
        wait_for("the API", SOON, || {
            assert!(process.child.try_wait().unwrap().is_none(), "{}", process.log_tail());
            TcpStream::connect(address).ok()
        });
        let held = |customer: &String| {
            let path = format!("/api/customers/{customer}");
            let (_, _, body) = wait_for("the customer", SOON, || Some(ask(address, &path)).filter(|(status, ..)| *status == 200));
            let mut told: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(told["decisions_kept"], KEPT);
            (customer.clone(), told["held"].take())
        };
        expected["transitions"].keys().map(held).collect()
    };
    let addresses = [free_address(), free_address()];
    let mut first = start(&trial, "a", &addresses[0]);
    trial.wait_until_written(&expected, &[&first], SOON);
    let before = told(&mut first, &addresses[0]);
    first.kill_9();
    let mut other = start(&trial, "b", &addresses[1]);
    assert_eq!(told(&mut other, &addresses[1]), before);
    assert_eq!(other.stop(SOON), Some(0), "{}", other.log_tail());

    let (mut moved, mut acted) = (0, 0);
    for (customer, held) in &before {
        let (moves, actions) = (&expected["transitions"][customer], expected["actions"].get(customer).map_or(&[][..], Vec::as_slice));
        let decisions = held["decisions"].as_array().unwrap();
        assert_eq!(decisions.len(), KEPT.min(moves.len() + actions.len()), "{held}");
        for decision in decisions {
            let is_move = decision["kind"] == "transition";
            let fields: &[&str] = if is_move { &["track", "from", "to", "reason"] } else { &["kind", "play", "step", "reason"] };
            let is_it =
                |record: &&Value| record["event_time"] == decision["at"] && fields.iter().all(|field| record[*field] == decision[*field]);
            assert!((if is_move { moves } else { actions }).iter().any(|record| is_it(&record)), "{decision} was never written");
            *(if is_move { &mut moved } else { &mut acted }) += 1;
        }
        let of_stage = moves.iter().filter(|record| record["track"] == "lifecycle");
        let stages: Vec<&Value> = of_stage.map(|record| &record["to"]).collect();
        let history: Vec<&Value> = held["stage_history"].as_array().unwrap().iter().map(|stay| &stay["stage"]).collect();
        assert_eq!(history, stages[stages.len().saturating_sub(9)..], "{customer}");
    }
    assert!(moved > 20 && acted > 10, "{moved} moves, {acted} actions");
}
