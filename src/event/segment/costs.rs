//! `Cost Recorded`: money spent on customers, or on one. Refuses a kind it does not know and an amount without a currency, as for orders;
//! what a cost is told by (channel, region and their kin) may be absent. Who it is counted for is the engine's matter.
//! Called by `segment` alone.

use super::fields::Properties;
use super::orders::required_currency;
use crate::event::value::Field;
use crate::event::{Cost, CostKind, DecodeRules, Kind, Reason, Reject, json, time};

pub(super) const EVENT: &str = "Cost Recorded";

pub(super) fn recorded<'a>(properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let written = json::text("kind", properties.kind)?.ok_or_else(|| json::missing("kind"))?;
    let kind = CostKind::ALL.into_iter().find(|kind| written.eq_ignore_ascii_case(kind.as_str()));
    let amount = properties.amount.given().ok_or_else(|| json::missing("amount"))?;
    Ok(Kind::Cost(Cost {
        cost_id: json::id("cost_id", properties.cost_id)?,
        kind: kind.ok_or_else(|| json::refusal(Reason::UnknownKind, "kind", &written))?,
        amount: json::money("amount", amount, required_currency(properties, rules)?)?,
        channel: json::name("channel", properties.channel)?,
        region: json::name("region", properties.region)?,
        customer_type: json::name("customer_type", properties.customer_type)?,
        product_type: json::name("product_type", properties.product_type)?,
        from_ms: from_ms(properties.from)?,
    }))
}

/// A moment or a day; of a day its noon, which is of that day in nearly every zone.
fn from_ms(field: Field<'_>) -> Result<Option<i64>, Reject> {
    let Some(written) = json::text("from", field)? else {
        return Ok(None);
    };
    let is_day = written.len() == "2026-01-01".len();
    let moment = if is_day { time::parse_rfc3339(&format!("{written}T12:00:00Z")) } else { time::parse_rfc3339(&written) };
    let at_ms = moment.map_err(|reason| json::refusal(reason, "from", &written))?;
    if time::in_range(at_ms) { Ok(Some(at_ms)) } else { Err(json::refusal(Reason::TimeOutOfRange, "from", &written)) }
}
