//! What a row holds about addresses other than the customer's own, in words. The addresses themselves are not kept, so only hashes are shown.
//! Part of `held`.

use super::Hex;
use crate::engine::record::json::json_object;
use crate::engine::record::time::Time;
use crate::engine::suppressed::{Refusal, Suppressed};

#[derive(utoipa::ToSchema)]
pub(super) struct HeldSuppressed {
    address: Hex,
    refusal: &'static str,
    at: Time,
}

json_object!(HeldSuppressed { address, refusal, at });

pub(super) fn held(suppressed: &[Suppressed]) -> Vec<HeldSuppressed> {
    let one = |kept: &Suppressed| HeldSuppressed {
        address: Hex(kept.address),
        refusal: match kept.refusal {
            Refusal::Bounced => "bounced",
            Refusal::Complained => "complained",
            Refusal::Unsubscribed => "unsubscribed",
        },
        at: Time(kept.at_ms),
    };
    suppressed.iter().map(one).collect()
}
