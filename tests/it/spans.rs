//! Traces for OpenTelemetry, from `run` on the real broker to a collector that keeps what it is sent: a span of each transaction, linked to its
//! inputs. A collector that is away or silent costs spans and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::time::Duration;

use lifetide::worker::partition_of;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message as _;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message};

use crate::broker;
use crate::commands::deliver::receiver::Receiver;
use crate::commands::{SOON, finish, lifetide, wait_for};
use crate::trial::{SLOTS, Trial};

const ORDERS: u64 = 600;
const LINKS_MAX: usize = 128;
/// What a stop may take, and the wait for a collector that does not answer.
const STOP: Duration = Duration::from_secs(20);

fn parent(number: u64) -> String {
    format!("00-{number:032x}-{number:016x}-01")
}

/// Orders of as many customers from this number on, each with a trace context of its own.
fn order(trial: &Trial, first: u64) {
    let traced = |number| OwnedHeaders::new().insert(Header { key: "traceparent", value: Some(&parent(number)) });
    let traced = |number| traced(number).insert(Header { key: "tracestate", value: Some("shop=1") });
    order_on("2026-01-01", trial, first, traced);
}

fn order_on(day: &str, trial: &Trial, first: u64, headers: impl Fn(u64) -> OwnedHeaders) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker::bootstrap()).create().unwrap();
    let topic = format!("{}.purchases", trial.name);
    let moment: jiff::Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
    for number in first..first + ORDERS {
        let key = format!("u-{number}");
        let value = format!(
            r#"{{"type":"track","event":"Order Completed","userId":"{key}","timestamp":"{moment}","properties":{{"order_id":"{day}-{number}","total":5,"currency":"USD"}}}}"#
        );
        let record = BaseRecord::to(&topic).key(&key).payload(&value).timestamp(moment.as_millisecond()).headers(headers(number));
        producer.send(record.partition(partition_of(key.as_bytes(), SLOTS) as i32)).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(SOON).unwrap();
}

fn wait_until_read(trial: &Trial) {
    wait_for("all orders to be read", SOON, || (trial.lag() == 0).then_some(()));
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    let text = |value: &KeyValue| match value.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.as_str(), text(attribute))).collect()
}

fn spans(collector: &Receiver) -> Vec<Span> {
    let mut spans = Vec::new();
    for request in collector.requests() {
        assert_eq!((request.path.as_str(), request.header("content-type")), ("/v1/traces", "application/x-protobuf"));
        for of_resource in ExportTraceServiceRequest::decode(&request.body[..]).unwrap().resource_spans {
            let resource = of_resource.resource.unwrap();
            let resource = attributes(&resource.attributes);
            let named = ["service.name", "service.instance.id", "deployment.environment.name"].map(|name| resource[name].as_str());
            assert_eq!(named, ["lifetide", "a", "test"]);
            spans.extend(of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    spans
}

#[test]
fn a_span_of_each_transaction_links_to_its_inputs_whose_traces_go_on_without_it() {
    let collector = Receiver::start(|_, _| Some(200));
    let mut trial = Trial::new("spans", &[]);
    trial.environment = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test".to_owned()),
    ];
    trial.create_topics();
    order(&trial, 1);
    let mut process = trial.start("a", 0);
    wait_until_read(&trial);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());

    let (mut messages, mut left_out, mut linked) = (0, 0, BTreeSet::new());
    let number = |attributes: &BTreeMap<&str, String>, name: &str| attributes[name].parse::<u64>().unwrap();
    for span in spans(&collector) {
        let attributes = attributes(&span.attributes);
        let told = ["messaging.system", "messaging.operation.name", "messaging.operation.type", "messaging.consumer.group.name"];
        assert_eq!(told.map(|name| attributes[name].as_str()), ["kafka", "process", "process", trial.name.as_str()]);
        assert_eq!((span.kind, span.parent_span_id.len()), (SpanKind::Consumer as i32, 0), "{span:?}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
        let count = number(&attributes, "messaging.batch.message_count");
        if count > 0 {
            let topic = format!("{}.purchases", trial.name);
            assert_eq!((&attributes["messaging.destination.name"], span.name), (&topic, format!("process {topic}")));
        }
        assert!(span.links.len() <= LINKS_MAX, "{} links", span.links.len());
        assert_eq!(span.links.len() as u64 + number(&attributes, "lifetide.links_left_out"), count, "every record has a trace");
        (messages, left_out) = (messages + count, left_out + number(&attributes, "lifetide.links_left_out"));
        for link in span.links {
            let (trace, span) =
                (u128::from_be_bytes(link.trace_id.try_into().unwrap()), u64::from_be_bytes(link.span_id.try_into().unwrap()));
            assert_eq!((trace, link.trace_state.as_str()), (u128::from(span), "shop=1"));
            assert!((1..=ORDERS).contains(&span) && linked.insert(span), "{span} is linked to twice, or never was");
        }
    }
    assert_eq!((messages, linked.len() as u64 + left_out), (ORDERS, ORDERS));

    let told = trial.records(&[format!("{}.out.clv", trial.name)], "read_committed");
    assert_eq!(told.len() as u64, ORDERS);
    for record in told {
        let headers: BTreeMap<&str, &[u8]> =
            record.headers().unwrap().iter().map(|header| (header.key, header.value.unwrap_or_default())).collect();
        let customer = std::str::from_utf8(record.key().unwrap()).unwrap().trim_start_matches("u-").parse().unwrap();
        assert_eq!((headers["traceparent"], headers["tracestate"]), (parent(customer).as_bytes(), &b"shop=1"[..]));
    }
}

#[test]
fn what_no_record_with_a_trace_brought_about_carries_the_context_of_the_span() {
    let collector = Receiver::start(|_, _| Some(200));
    let mut trial = Trial::new("spans-own", &[]);
    trial.environment = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test".to_owned()),
    ];
    trial.create_topics();
    order_on("2026-01-01", &trial, 1, |_| OwnedHeaders::new());
    order_on("2026-01-03", &trial, 1, |_| OwnedHeaders::new());
    order_on("2026-10-01", &trial, 1 + ORDERS, |_| OwnedHeaders::new());
    let mut process = trial.start("a", 0);
    wait_until_read(&trial);
    assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());

    let mut drawn = BTreeSet::new();
    for span in spans(&collector) {
        let [trace_id, span_id] = [span.trace_id, span.span_id].map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert!(drawn.insert(format!("00-{trace_id}-{span_id}-01")), "two spans of one name");
    }
    let moves = trial.records(&[format!("{}.out.transitions", trial.name)], "read_committed");
    let (mut of_events, mut of_time) = (0, 0);
    for record in moves {
        let carried = record.headers().unwrap().iter().find(|header| header.key == "traceparent").unwrap();
        assert!(drawn.contains(std::str::from_utf8(carried.value.unwrap()).unwrap()), "{carried:?} is no span's context");
        let told: serde_json::Value = serde_json::from_slice(record.payload().unwrap()).unwrap();
        *(if told["cause"]["type"] == "deadline" { &mut of_time } else { &mut of_events }) += 1;
    }
    assert!(of_events >= 2 * ORDERS && of_time >= ORDERS, "{of_events} by events, {of_time} by time");
}

#[test]
fn a_collector_that_is_away_or_silent_costs_spans_and_nothing_else() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = Receiver::start(|_, _| None);
    let mut trial = Trial::new("spans-lost", &[]);
    trial.create_topics();
    let cases =
        [(format!("http://{closed}"), "spans are lost, the collector did not take them"), (silent.address(), "the last spans may be lost")];
    for (life, (endpoint, said)) in (0..).zip(cases) {
        trial.environment = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint), ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned())];
        order(&trial, 1 + life as u64 * ORDERS);
        let mut process = trial.start("a", life);
        wait_until_read(&trial);
        if life == 1 {
            wait_for("a request to the silent one", SOON, || (!silent.requests().is_empty()).then_some(()));
        }
        assert_eq!(process.stop(STOP), Some(0), "{}", process.log_tail());
        assert!(process.log_tail().contains(said), "{}", process.log_tail());
    }
    let told = trial.records(&[format!("{}.out.clv", trial.name)], "read_committed");
    assert_eq!(told.len() as u64, 2 * ORDERS);
}

#[test]
fn an_unusable_address_of_a_collector_is_refused_without_its_password() {
    let mut command = lifetide(&["demo"]);
    let outcome = finish(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:marker7f1c@ collector:4318"), SOON);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("OTEL_EXPORTER_OTLP_ENDPOINT is not a usable address"), "{}", outcome.stderr);
    assert!(!(outcome.stdout + &outcome.stderr).contains("marker7f1c"));
}
