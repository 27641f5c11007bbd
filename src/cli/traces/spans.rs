//! What a worker reports, as spans by OpenTelemetry's conventions for messaging.
//!
//! A span is a root of its own and links to its inputs; outputs carry on the trace of their input, so that trace is the same with and without
//! the span. What no input with a trace brought about (time did, mostly) carries the span's own context. A transaction that did not commit has none: what it had read comes again, in one that does. Called by `process`.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Link, Span, SpanContext, SpanId, SpanKind, TraceContextExt, TraceId, Tracer, TracerProvider};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};

use super::collector::{Collector, Requests};
use super::{ENDPOINTS, are_all_sampled, are_wanted, variable};
use crate::cli::exit::CommandError;
use crate::cli::rules;
use crate::clock;
use crate::config::Config;
use crate::engine::Trace;
use crate::worker::{Commit, Now, OwnSpan, Report, TraceRules};

/// The standard's own bound of a span's links: beyond it, traces stop being of use to anybody who looks at them.
const LINKS_MAX: usize = 128;
/// For what is still to be sent when the process ends.
const FINISH_WAIT: Duration = Duration::from_secs(5);
const SERVICE: &str = "lifetide";

pub struct Traces {
    /// `None`: nobody asked for traces.
    drawn: Option<Drawn>,
}

struct Drawn {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    group: String,
    inputs: Vec<String>,
}

impl Traces {
    pub fn from_environment(config: &Config) -> Result<Traces, CommandError> {
        if !are_wanted(variable) {
            return Ok(Traces { drawn: None });
        }
        let exporter = SpanExporter::builder().with_http().with_http_client(Requests::new()).with_protocol(Protocol::HttpBinary);
        let exporter = Collector::new(exporter.build().map_err(|error| CommandError::Failed(unusable(&error)))?);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_max_links_per_span(LINKS_MAX as u32)
            .with_id_generator(NextIds)
            .with_resource(resource(config))
            .build();
        let scope = InstrumentationScope::builder(SERVICE).with_version(env!("CARGO_PKG_VERSION")).build();
        let tracer = provider.tracer_with_scope(scope);
        let drawn = Drawn { provider, tracer, group: config.kafka.group_id.clone(), inputs: rules::consumed_topics(config) };
        tracing::info!("a span of each transaction goes to the OpenTelemetry collector of the environment");
        Ok(Traces { drawn: Some(drawn) })
    }

    /// What workers shall note for what is drawn here.
    pub fn rules(&self) -> TraceRules {
        match self.drawn {
            Some(_) => TraceRules { links_max: LINKS_MAX, are_all_sampled: are_all_sampled(variable) },
            None => TraceRules::default(),
        }
    }

    /// One span for each transaction that has committed.
    pub fn draw(&self, worker: usize, report: &Report, now: Now) {
        if let Some(drawn) = &self.drawn {
            report.commits.iter().for_each(|commit| drawn.draw(worker, commit, now, clock::wall_ms()));
        }
    }

    /// Sends what is left, within a bound.
    pub fn finish(&self) {
        if let Some(drawn) = &self.drawn
            && let Err(error) = drawn.provider.shutdown_with_timeout(FINISH_WAIT)
        {
            tracing::warn!("the last spans may be lost: {error}");
        }
    }
}

impl Drawn {
    /// `now`: of the step in which it committed; `ended_ms`: behind that.
    fn draw(&self, worker: usize, commit: &Commit, now: Now, ended_ms: i64) {
        let tally = &commit.tally;
        let topics: Vec<&str> =
            tally.consumed.iter().zip(&self.inputs).filter(|((records, _), _)| *records > 0).map(|(_, topic)| topic.as_str()).collect();
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let mut attributes = vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.name", "process"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.consumer.group.name", self.group.clone()),
            KeyValue::new("messaging.batch.message_count", count(tally.consumed.iter().map(|(records, _)| records).sum())),
            KeyValue::new("lifetide.worker", count(worker as u64)),
            KeyValue::new("lifetide.records_produced", count(tally.produced.values().sum())),
            KeyValue::new("lifetide.links_left_out", count(tally.links.left_out())),
        ];
        // the conventions name a destination only where all messages of a batch have the same
        let name = match topics[..] {
            [topic] => {
                attributes.push(KeyValue::new("messaging.destination.name", topic.to_owned()));
                format!("process {topic}")
            }
            _ => "process".to_owned(),
        };
        let began_ms = now.wall_ms.saturating_sub(count(commit.open_ms));
        let contexts = tally.links.kept().filter_map(context_of);
        NEXT.set(tally.links.own_span());
        let span = self
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Consumer)
            .with_start_time(moment(began_ms))
            .with_attributes(attributes)
            .with_links(contexts.map(Link::with_context).collect());
        self.tracer.build_with_context(span, &Context::new()).end_with_timestamp(moment(ended_ms.max(began_ms)));
    }
}

thread_local! {
    /// The ids of the span that this thread draws next.
    static NEXT: Cell<Option<OwnSpan>> = const { Cell::new(None) };
}

/// Ids that the worker has chosen before, since records carry them; a worker draws on its own thread.
#[derive(Debug)]
struct NextIds;

impl IdGenerator for NextIds {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().map_or_else(|| RandomIdGenerator::default().new_trace_id(), |span| TraceId::from(span.trace_id))
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().map_or_else(|| RandomIdGenerator::default().new_span_id(), |span| SpanId::from(span.span_id))
    }
}

/// The error's own words quote the address of the collector, in which a name and a password may stand.
fn unusable(error: &ExporterBuildError) -> String {
    let variable = ENDPOINTS.iter().find(|name| error.to_string().contains(&format!(": {name}: ")));
    match variable {
        Some(name) => format!("traces: {name} is not a usable address"),
        None => "traces: the environment's settings for an OpenTelemetry exporter (OTEL_EXPORTER_OTLP_*) cannot be used".to_owned(),
    }
}

/// Who is speaking; what the environment says about it goes before.
fn resource(config: &Config) -> Resource {
    let is_named = variable("OTEL_SERVICE_NAME").is_some_and(|name| !name.is_empty())
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|attributes| attributes.contains("service.name="));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let instance = KeyValue::new("service.instance.id", config.instance_id.clone());
    let resource = Resource::builder().with_attributes([version, instance]);
    if is_named { resource.build() } else { resource.with_service_name(SERVICE).build() }
}

/// `None`: what stands in the headers is no trace context.
fn context_of(trace: Trace<'_>) -> Option<SpanContext> {
    let found = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(trace));
    Some(found.span().span_context().clone()).filter(SpanContext::is_valid)
}

fn moment(wall_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(wall_ms).unwrap_or(0))
}

struct Headers<'a>(Trace<'a>);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let value = match name {
            "traceparent" => self.0.parent,
            "tracestate" => self.0.state,
            _ => "",
        };
        Some(value).filter(|value| !value.is_empty())
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn an_address_that_cannot_be_used_is_named_and_never_quoted() {
        let failed = |text: String| unusable(&ExporterBuildError::InvalidConfiguration(text));
        for name in ENDPOINTS {
            let said = failed(format!("{name}: invalid endpoint 'http://me:marker@ c': invalid uri character"));
            assert_eq!(said, format!("traces: {name} is not a usable address"));
        }
        let said = failed("endpoint: invalid endpoint 'http://me:marker@ c'".to_owned());
        assert!(said.contains("OTEL_EXPORTER_OTLP_*") && !said.contains("marker"), "{said}");
    }

    #[test]
    fn what_is_no_trace_context_is_linked_to_by_nothing() {
        let found = context_of(Trace { parent: PARENT, state: "shop=1" }).unwrap();
        assert_eq!(found.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((found.span_id().to_string().as_str(), found.is_sampled()), ("00f067aa0ba902b7", true));
        assert_eq!(found.trace_state().get("shop"), Some("1"));
        assert!(context_of(Trace { parent: PARENT, state: "" }).is_some());
        for parent in ["00-trace-span-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", &PARENT[..52], "x"] {
            assert!(context_of(Trace { parent, state: "" }).is_none(), "{parent}");
        }
    }
}
