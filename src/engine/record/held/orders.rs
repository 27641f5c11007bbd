//! What a row holds of orders, in words: the kept ones by themselves, older ones folded, and refunds that came before their order.
//!
//! Nothing is left out but the sum of logarithms that the value model keeps. Part of `held`.

use super::Hex;
use crate::engine::orders::Orders;
use crate::engine::record::json::json_object;
use crate::engine::record::money::Amount;
use crate::engine::record::time::Time;

#[derive(utoipa::ToSchema)]
pub(super) struct HeldOrders {
    kept: Vec<HeldOrder>,
    folded: Option<HeldFolded>,
    refunds_waiting: Vec<HeldRefund>,
    sums: Vec<HeldSum>,
}

json_object!(HeldOrders { kept, folded, refunds_waiting, sums });

#[derive(utoipa::ToSchema)]
struct HeldOrder {
    id: Hex,
    at: Time,
    remaining: Amount,
    counted: bool,
}

json_object!(HeldOrder { id, at, remaining, counted });

#[derive(utoipa::ToSchema)]
struct HeldFolded {
    days: u32,
    first_at: Time,
    last_at: Time,
    latest_at: Time,
}

json_object!(HeldFolded { days, first_at, last_at, latest_at });

#[derive(utoipa::ToSchema)]
struct HeldRefund {
    order: Hex,
    amount: Option<Amount>,
}

json_object!(HeldRefund { order, amount });

#[derive(utoipa::ToSchema)]
struct HeldSum {
    orders: u32,
    gross: Amount,
    refunds: Amount,
    folded_first: Amount,
    folded_repeat: Amount,
}

json_object!(HeldSum { orders, gross, refunds, folded_first, folded_repeat });

pub(super) fn held(orders: &Orders) -> HeldOrders {
    let kept = orders.kept.iter().map(|order| HeldOrder {
        id: Hex(order.id),
        at: Time(order.at_ms),
        remaining: Amount { minor: i128::from(order.remaining_minor), currency: order.currency },
        counted: order.counted,
    });
    let sums = orders.sums.iter().map(|sum| {
        let amount = |minor| Amount { minor, currency: sum.currency };
        HeldSum {
            orders: sum.orders,
            gross: amount(sum.gross_minor),
            refunds: amount(sum.refunds_minor),
            folded_first: amount(sum.folded_first_minor),
            folded_repeat: amount(sum.folded_repeat_minor),
        }
    });
    let waiting = orders.held.iter().map(|claim| HeldRefund { order: Hex(claim.order), amount: claim.amount.map(Amount::from) });
    HeldOrders {
        kept: kept.collect(),
        folded: orders.folded.map(|folded| HeldFolded {
            days: folded.days,
            first_at: Time(folded.first_ms),
            last_at: Time(folded.last_ms),
            latest_at: Time(folded.latest_ms),
        }),
        refunds_waiting: waiting.collect(),
        sums: sums.collect(),
    }
}
