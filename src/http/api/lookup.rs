//! Customers by the hash of their e-mail address.
//!
//! There is no index: it would cost every customer memory for a question that is rarely asked. Rows of this instance are gone through region by
//! region, each copied under its lock and read outside of it, for a bounded time; whoever wants the rest asks again from where it ended.
//! Called by `api`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::refusals::{Busy, NoSuchQuestion};
use super::{Api, Asked, answer, problem};
use crate::clock;
use crate::engine::{self, ALL_REGIONS};

/// For one request; then it says where to go on.
const SEARCH_MS_MAX: u64 = 1_000;
/// Found by one request, a little more at most: a region is gone through to its end.
const FOUND_MAX: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ByEmail {
    /// SHA-256 of the address in lower case, without spaces around it, as 64 hexadecimal digits.
    #[param(pattern = "^[0-9a-fA-F]{64}$", example = "b9dd960c1753459a78115d3cb845a57d924b6877e805b08bd01086ccdf34433c")]
    email_sha256: String,
    /// `next` of the answer before.
    #[param(pattern = "^[0-9]{1,10}[.][0-9]{1,4}$", example = "0.512")]
    after: Option<String>,
}

/// Customers with one address, as far as this instance has looked.
#[derive(Serialize, ToSchema)]
pub struct FoundCustomers {
    customers: Vec<FoundCustomer>,
    /// Customers looked at for this answer.
    searched: u64,
    /// The slots of this instance; ask the others for theirs.
    slots: Vec<u32>,
    /// Of all instances together.
    slot_count: u32,
    /// Where to go on: pass it as `after`. `null`: all slots of this instance have been looked through.
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct FoundCustomer {
    customer_id: String,
    slot: u32,
}

/// Customers by e-mail address
///
/// By the hash of the address, so that the address itself stands in no log on the way. Looks through the customers of this instance for a second
/// at most; while `next` is not null there are more to look at.
#[utoipa::path(
    get,
    path = "/api/customers",
    operation_id = "customers_by_email",
    tag = "customers",
    params(ByEmail),
    responses(
        (status = 200, description = "Who was found", body = FoundCustomers),
        NoSuchQuestion,
        Busy,
    ),
    security(("api_token" = [])),
)]
pub async fn by_email(State(shared): Asked, query: Result<Query<ByEmail>, QueryRejection>) -> Response {
    let Ok(Query(query)) = query else {
        return problem(StatusCode::BAD_REQUEST, "expected email_sha256, and after if it is a further page, each once");
    };
    let Some(wanted) = digest(&query.email_sha256) else {
        return problem(StatusCode::BAD_REQUEST, "email_sha256 is 64 hexadecimal digits");
    };
    let Some(begin) = query.after.as_deref().map_or(Some((0, 0)), place) else {
        return problem(StatusCode::BAD_REQUEST, "after is `next` of an answer before");
    };
    shared.look(move |api| answer(&search(api, &wanted, begin, SEARCH_MS_MAX))).await
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = <&[u8; 64]>::try_from(text.as_bytes()).ok()?;
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(|digit| (digit as char).to_digit(16));
        *byte = (high? * 16 + low?) as u8;
    }
    Some(digest)
}

/// `slot.region`
fn place(text: &str) -> Option<(u32, u32)> {
    let (slot, region) = text.split_once('.')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    Some((number(slot)?, number(region)?)).filter(|(_, region)| ALL_REGIONS.contains(region))
}

fn search(api: &Api, wanted: &[u8; 32], begin: (u32, u32), longest_ms: u64) -> FoundCustomers {
    let slots: Vec<u32> = api.held().into_iter().collect();
    let mut found = FoundCustomers { customers: Vec::new(), searched: 0, slots: slots.clone(), slot_count: api.slot_count, next: None };
    let until_ms = clock::monotonic_ms() + longest_ms;
    let mut rows = Vec::new();
    let places = slots.into_iter().flat_map(|slot| ALL_REGIONS.map(move |region| (slot, region))).skip_while(|place| *place < begin);
    for (number, (slot, region)) in places.enumerate() {
        // one region at least, or nobody would ever come to the end
        if number > 0 && (clock::monotonic_ms() > until_ms || found.customers.len() >= FOUND_MAX) {
            found.next = Some(format!("{slot}.{region}"));
            break;
        }
        api.committed.with_region(slot, region as u16, |region| {
            rows.extend(region.into_iter().flat_map(|region| region.rows()).map(|(_, id, row)| (id.to_vec(), row.to_vec())));
        });
        found.searched += rows.len() as u64;
        let mut customers: Vec<String> = rows.drain(..).filter(|(_, row)| has_address(row, wanted)).map(|(id, _)| text(id)).collect();
        customers.sort_unstable();
        found.customers.extend(customers.into_iter().map(|customer_id| FoundCustomer { customer_id, slot }));
    }
    // of a slot that went meanwhile nobody knows what was seen: another instance has it
    found.slots.retain(|slot| api.committed.holds(*slot));
    found
}

fn text(id: Vec<u8>) -> String {
    String::from_utf8_lossy(&id).into_owned()
}

fn has_address(row: &[u8], wanted: &[u8; 32]) -> bool {
    // a row that cannot be read is told to who asks for it by its id
    let Ok(customer) = engine::read_row(row) else { return false };
    let email = customer.contact.email.trim();
    !email.is_empty() && Sha256::digest(email.to_lowercase().as_bytes()).as_slice() == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_places_are_read_and_nothing_else_is() {
        let text = "00ff10AB".repeat(8);
        assert_eq!(digest(&text).unwrap()[..4], [0x00, 0xff, 0x10, 0xab]);
        for bad in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65), &"é".repeat(32), &format!("+{}", "0".repeat(63))] {
            assert_eq!(digest(bad), None, "{bad}");
        }
        assert_eq!((place("0.0"), place("7.1023"), place("4294967295.1")), (Some((0, 0)), Some((7, 1023)), Some((u32::MAX, 1))));
        for bad in ["", "7", "7.1024", ".1", "7.", "-1.0", "+1.0", "7.1.2", "4294967296.0"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }
}
