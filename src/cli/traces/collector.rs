//! The way to an OpenTelemetry collector: OTLP over HTTP, one request at a time, and what is said when it does not get through.
//!
//! A collector that is away costs spans and nothing else; those that were on their way to it are counted, and the log says so about once a minute.
//! What finds no room in the library's queue before that is not counted here. Called by the OpenTelemetry library, on its own thread.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use ureq::Agent;

use crate::cli::http_client;
use crate::clock;

/// The standard's own, for one request with its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// An answer names the spans that were refused, or nothing.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Between two lines about lost spans.
const TELL_EVERY_MS: u64 = 60_000;

/// How requests are made.
#[derive(Debug)]
pub struct Requests(Agent);

impl Requests {
    pub fn new() -> Requests {
        let user_agent = concat!("lifetide/", env!("CARGO_PKG_VERSION"));
        Requests(http_client::of_services(ANSWER_WAIT).user_agent(user_agent).build().new_agent())
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let (head, mut body) = self.0.run(Request::from_parts(head, &body[..]))?.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }
}

impl HttpClient for Requests {
    /// Waits on the spot: the thread has nothing else to do.
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move { self.send(request) })
    }
}

/// An exporter that never fails: what is lost is counted and told.
#[derive(Debug)]
pub struct Collector {
    inner: Otlp,
    /// Spans that were not taken, and not told of yet.
    lost: AtomicU64,
    /// When that was told last; `u64::MAX`: never.
    told_ms: AtomicU64,
}

impl Collector {
    pub fn new(inner: Otlp) -> Collector {
        Collector { inner, lost: AtomicU64::new(0), told_ms: AtomicU64::new(u64::MAX) }
    }

    fn lose(&self, spans: u64, why: &str, now_ms: u64) {
        self.lost.fetch_add(spans, Ordering::Relaxed);
        let told_ms = self.told_ms.load(Ordering::Relaxed);
        if told_ms == u64::MAX || now_ms.saturating_sub(told_ms) >= TELL_EVERY_MS {
            self.told_ms.store(now_ms, Ordering::Relaxed);
            tracing::warn!(spans = self.lost.swap(0, Ordering::Relaxed), "spans are lost, the collector did not take them: {why}");
        }
    }
}

impl SpanExporter for Collector {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        if let Err(error) = self.inner.export(batch).await {
            self.lose(spans, &error.to_string(), clock::monotonic_ms());
        }
        Ok(())
    }

    fn shutdown_with_timeout(&self, longest: Duration) -> OTelSdkResult {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(spans = lost, "spans were lost, the collector did not take them");
        }
        self.inner.shutdown_with_timeout(longest)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
