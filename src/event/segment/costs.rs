//! `Cost Recorded`: money spent on customers, or on one. Refuses a kind it does not know and an amount without a currency, as for orders;
//! what a cost is told by (channel, region and their kin) may be absent. Who it is counted for is the engine's matter.
//! Called by `segment` alone.

use super::fields::Properties;
use super::orders::required_currency;
use crate::event::{Cost, CostKind, DecodeRules, Kind, Reason, Reject, json};

const NOON_MS: i64 = 12 * 3_600_000;

pub(super) const EVENT: &str = "Cost Recorded";

pub(super) fn recorded<'a>(properties: &Properties<'a>, rules: &DecodeRules) -> Result<Kind<'a>, Reject> {
    let written = json::text("kind", properties.kind)?.ok_or_else(|| json::missing("kind"))?;
    let kind = CostKind::RECORDED.into_iter().find(|kind| written.eq_ignore_ascii_case(kind.as_str()));
    let amount = properties.amount.given().ok_or_else(|| json::missing("amount"))?;
    Ok(Kind::Cost(Cost {
        cost_id: json::id("cost_id", properties.cost_id)?,
        kind: kind.ok_or_else(|| json::refusal(Reason::UnknownKind, "kind", &written))?,
        amount: json::money("amount", amount, required_currency(properties, rules)?)?,
        channel: json::name("channel", properties.channel)?,
        region: json::name("region", properties.region)?,
        customer_type: json::name("customer_type", properties.customer_type)?,
        product_type: json::name("product_type", properties.product_type)?,
        // of a day its noon, which is of that day in nearly every zone
        from_ms: json::moment("from", properties.from, NOON_MS)?,
    }))
}
