//! What is said of a seasonal factor that comes with the value models: that forecasts are multiplied by it, or why they are not.
//!
//! Whether it is applied, `clv` decides; here are words, for `validate` and the log. Called by whoever puts parameters into force.

use crate::clv::backtest::WindowKind;
use crate::clv::{HORIZON_DAYS, Parameters};

/// `None`: there is no factor.
pub fn words(parameters: &Parameters) -> Option<String> {
    let seasonal = parameters.seasonal?;
    let factor = format!("seasonal factor {:.3}", seasonal.factor);
    Some(match parameters.seasonal_factor() {
        Some(_) => format!("{factor} from windows {}", origin(seasonal.windows)),
        None => format!("{factor} not applied: it was learned for {} days, forecasts are of {HORIZON_DAYS}", seasonal.horizon_days),
    })
}

/// Whose windows they are.
pub fn origin(windows: WindowKind) -> &'static str {
    match windows {
        WindowKind::SameSeason => "of the same season",
        WindowKind::Preceding => "just before, of other seasons",
    }
}

/// Says so in the log, louder if it is of no use.
pub fn log(parameters: &Parameters) {
    match words(parameters) {
        Some(words) if parameters.seasonal_factor().is_some() => tracing::info!(model = parameters.name, "{words}"),
        Some(words) => tracing::warn!(model = parameters.name, "{words}"),
        None => {}
    }
}
