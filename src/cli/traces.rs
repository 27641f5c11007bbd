//! Traces for OpenTelemetry: one span for each committed transaction, linked to the trace contexts of the records that went into it.
//!
//! Drawn from what workers report, sent by a thread of its own: no worker waits for a collector. Without the feature `otel` nothing is drawn, and
//! whoever asks for it is told. What the environment says is the standard's: there are no keys of our own. Called by `process`.

#[cfg(not(feature = "otel"))]
mod absent;
#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod spans;

#[cfg(not(feature = "otel"))]
pub use absent::Traces;
#[cfg(feature = "otel")]
pub use spans::Traces;

/// Where spans go; the first names the very address, the second what `/v1/traces` is added to.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Whether the environment asks for traces: by a place to send them to, and nothing that says no.
fn are_wanted(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is = |name: &str, word: &str| variable(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word));
    let has_place = ENDPOINTS.iter().any(|name| variable(name).is_some_and(|value| !value.trim().is_empty()));
    has_place && !is("OTEL_SDK_DISABLED", "true") && !is("OTEL_TRACES_EXPORTER", "none")
}

/// Whether the environment's sampler takes every span that has no parent; the standard's default does.
#[cfg(any(feature = "otel", test))]
fn are_all_sampled(variable: impl Fn(&str) -> Option<String>) -> bool {
    let sampler = variable("OTEL_TRACES_SAMPLER").filter(|name| !name.trim().is_empty());
    sampler.is_none_or(|name| matches!(name.trim(), "always_on" | "parentbased_always_on"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spans_are_drawn_unless_a_sampler_is_named_that_may_leave_some_out() {
        let are_all = |sampler: Option<&str>| are_all_sampled(|_| sampler.map(str::to_owned));
        assert!([None, Some(""), Some("always_on"), Some("parentbased_always_on")].into_iter().all(are_all));
        assert!(!["always_off", "traceidratio", "parentbased_traceidratio"].into_iter().any(|name| are_all(Some(name))));
    }

    #[test]
    fn traces_need_a_place_to_go_and_nobody_who_says_no() {
        let wanted =
            |set: &[(&str, &str)]| are_wanted(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
        let place = (ENDPOINTS[1], "http://localhost:4318");
        assert!(wanted(&[place]));
        assert!(wanted(&[(ENDPOINTS[0], "http://localhost:4318/v1/traces"), ("OTEL_SDK_DISABLED", "false")]));
        for set in [&[][..], &[(ENDPOINTS[1], " ")], &[place, ("OTEL_SDK_DISABLED", "TRUE")], &[place, ("OTEL_TRACES_EXPORTER", "none")]] {
            assert!(!wanted(set), "{set:?}");
        }
    }
}
