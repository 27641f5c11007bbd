//! Customers by the hash of their e-mail address.
//!
//! There is no index: it would cost every customer memory for a question that is rarely asked. Rows are gone through region by region, each
//! copied under its lock and read outside of it, for a bounded time; whoever wants the rest asks again from where it ended. The other instances
//! go through theirs at the same time. An answer ends where the first of them has ended: what others have found behind that place is left
//! out and found again, so that one place says where to go on, whoever has the slots by then. Called by `api`.

use std::collections::BTreeSet;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::everywhere::{DEFECT, MOVING, NOT_OURS, NOWHERE, Scope, ask_others, is_whole};
use super::refusals::{Busy, NoSuchQuestion};
use super::{Api, Asked, Owners, answer, problem};
use crate::clock;
use crate::engine::{self, ALL_REGIONS, region_of};

/// A slot and a region of it.
type Place = (u32, u32);

/// For one request; then it says where to go on. Shorter than another instance is waited for.
const SEARCH_MS_MAX: u64 = 1_000;
/// Found by one request in one instance, a little more at most: a region is gone through to its end.
const FOUND_MAX: usize = 100;
/// Far beyond any number of partitions; nine digits.
const SLOT_MAX: u32 = 999_999_999;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ByEmail {
    /// SHA-256 of the address in lower case, without spaces around it, as 64 hexadecimal digits.
    #[param(pattern = "^[0-9a-fA-F]{64}$", example = "b9dd960c1753459a78115d3cb845a57d924b6877e805b08bd01086ccdf34433c")]
    email_sha256: String,
    /// `next` of the answer before.
    #[param(pattern = "^(0|[1-9][0-9]{0,8})[.](0|[1-9][0-9]{0,2}|10[01][0-9]|102[0-3])$", example = "0.512")]
    after: Option<String>,
    /// Among the customers of all instances, or of this one.
    scope: Option<Scope>,
}

/// Customers with one address, as far as they have been looked through.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct FoundCustomers {
    /// In order of their places.
    customers: Vec<FoundCustomer>,
    /// Customers looked at for this answer.
    searched: u64,
    /// The slots looked through as far as `next`.
    slots: BTreeSet<u32>,
    /// Of all instances together.
    slot_count: u32,
    /// Why slots are missing: in these nobody was looked for.
    missing: Vec<String>,
    /// Where to go on: pass it as `after`. `null`: the slots named have been looked through.
    next: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
struct FoundCustomer {
    customer_id: String,
    slot: u32,
}

/// Customers by e-mail address
///
/// By the hash of the address, so that the address itself stands in no log on the way. All instances look through their customers for a second
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
        return problem(
            StatusCode::BAD_REQUEST,
            "expected email_sha256, after if it is a further page, and scope (all or instance), each at most once",
        );
    };
    let Some(wanted) = digest(&query.email_sha256) else {
        return problem(StatusCode::BAD_REQUEST, "email_sha256 is 64 hexadecimal digits");
    };
    let Some(begin) = query.after.as_deref().map_or(Some((0, 0)), place) else {
        return problem(StatusCode::BAD_REQUEST, "after is `next` of an answer before");
    };
    if query.scope == Some(Scope::Instance) {
        return shared.look_for_another(move |api| answer(&search(api, &wanted, begin, SEARCH_MS_MAX))).await;
    }
    shared.look(move |api| answer(&search_everywhere(api, &query, &wanted, begin))).await
}

/// Among the customers of all instances that answer.
fn search_everywhere(api: &Api, query: &ByEmail, wanted: &[u8; 32], begin: Place) -> FoundCustomers {
    if is_whole(api, api.held().len()) {
        let found = search(api, wanted, begin, SEARCH_MS_MAX);
        // a slot may have gone meanwhile: then everybody is asked, and this one again
        if is_whole(api, found.slots.len()) {
            return found;
        }
    }
    let (mut found, others) = std::thread::scope(|scope| {
        let others = scope.spawn(|| ask_others(api, &|owners, address| told(owners, address, query)));
        (search(api, wanted, begin, SEARCH_MS_MAX), others.join())
    });
    match others.unwrap_or_else(|_| Err(DEFECT.to_owned())) {
        Ok(answers) => answers.into_iter().for_each(|(address, part)| {
            if let Err(why) = part.and_then(|part| found.unite(part)) {
                found.missing.push(format!("{address}: {why}"));
            }
        }),
        Err(why) => found.missing.push(why),
    }
    found.end_at_next();
    if found.missing.is_empty() && !is_whole(api, found.slots.len()) {
        found.missing.push(NOWHERE.to_owned());
    }
    found
}

/// What another instance finds among its own customers.
fn told(owners: &dyn Owners, address: &str, query: &ByEmail) -> Result<FoundCustomers, String> {
    let after = query.after.as_deref().map(|after| ("after", after));
    let asked: Vec<_> = [("email_sha256", query.email_sha256.as_str()), ("scope", "instance")].into_iter().chain(after).collect();
    match owners.ask(address, "/api/customers", &asked)? {
        (200, text) => serde_json::from_str(&text).map_err(|_| NOT_OURS.to_owned()),
        (status, _) => Err(format!("http status: {status}")),
    }
}

impl FoundCustomers {
    fn next_place(&self) -> Option<Place> {
        self.next.as_deref().and_then(place)
    }

    /// Forgets the other slots, and who was found in them: they would be found twice.
    fn keep_slots(&mut self, is_kept: impl Fn(u32) -> bool) {
        self.slots.retain(|slot| is_kept(*slot));
        self.customers.retain(|found| self.slots.contains(&found.slot));
    }

    /// Takes in what another instance has found; an error says why it does not count.
    fn unite(&mut self, part: FoundCustomers) -> Result<(), String> {
        if !part.slots.is_disjoint(&self.slots) {
            return Err(MOVING.to_owned());
        }
        if part.next.is_some() && part.next_place().is_none() {
            return Err(NOT_OURS.to_owned());
        }
        let ends_first = part.next_place().is_some_and(|place| self.next_place().is_none_or(|own| place < own));
        if ends_first {
            self.next = part.next;
        }
        self.slots.extend(part.slots);
        self.searched = self.searched.saturating_add(part.searched);
        self.customers.extend(part.customers);
        Ok(())
    }

    /// In order, without those behind the place where the next answer begins.
    fn end_at_next(&mut self) {
        let place_of = |found: &FoundCustomer| (found.slot, u32::from(region_of(engine::hash_of(&found.customer_id))));
        if let Some(next) = self.next_place() {
            self.customers.retain(|found| place_of(found) < next);
        }
        self.customers.sort_by_cached_key(|found| (place_of(found), found.customer_id.clone()));
    }
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

/// `slot.region`, as it was told and in no other way.
fn place(text: &str) -> Option<Place> {
    let (slot, region) = text.split_once('.')?;
    let place = (slot.parse().ok()?, region.parse().ok()?);
    Some(place).filter(|(slot, region)| *slot <= SLOT_MAX && ALL_REGIONS.contains(region) && format!("{slot}.{region}") == text)
}

/// Among the customers of this instance.
fn search(api: &Api, wanted: &[u8; 32], begin: Place, longest_ms: u64) -> FoundCustomers {
    let slots = api.held();
    let (customers, missing) = (Vec::new(), Vec::new());
    let mut found = FoundCustomers { customers, searched: 0, slots: slots.clone(), slot_count: api.slot_count, missing, next: None };
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
    found.keep_slots(|slot| api.committed.holds(slot));
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
        assert_eq!((place("0.0"), place("7.1023"), place("999999999.1")), (Some((0, 0)), Some((7, 1023)), Some((SLOT_MAX, 1))));
        for bad in ["", "7", "7.1024", ".1", "7.", "-1.0", "+1.0", "7.1.2", "1000000000.0", "07.1", "7.01"] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }

    fn part(slots: &[u32], next: Option<&str>, customers: &[(u32, &str)]) -> FoundCustomers {
        FoundCustomers {
            customers: customers.iter().map(|(slot, id)| FoundCustomer { customer_id: (*id).to_owned(), slot: *slot }).collect(),
            searched: 10,
            slots: slots.iter().copied().collect(),
            slot_count: 4,
            missing: Vec::new(),
            next: next.map(str::to_owned),
        }
    }

    #[test]
    fn an_answer_of_several_instances_ends_where_the_first_of_them_has_ended() {
        let place = |id: &str| u32::from(region_of(engine::hash_of(id)));
        let ids = |found: &FoundCustomers| found.customers.iter().map(|found| found.customer_id.clone()).collect::<Vec<_>>();
        let mut found = part(&[1, 3], None, &[(1, "a"), (3, "b")]);
        let next = format!("2.{}", place("d"));
        assert_eq!(found.unite(part(&[0, 2], Some(&next), &[(0, "c")])), Ok(()));
        found.end_at_next();
        assert_eq!((ids(&found), found.next.as_deref(), found.searched), (vec!["c".to_owned(), "a".to_owned()], Some(next.as_str()), 20));
        // from there on
        let mut found = part(&[1, 3], None, &[(3, "b")]);
        assert_eq!(found.unite(part(&[0, 2], None, &[(2, "d")])), Ok(()));
        found.end_at_next();
        assert_eq!((ids(&found), found.next.as_deref()), (vec!["d".to_owned(), "b".to_owned()], None));
    }

    #[test]
    fn who_was_found_in_a_slot_that_went_is_left_out_with_it() {
        let mut found = part(&[1, 3], None, &[(1, "a"), (3, "b")]);
        found.keep_slots(|slot| slot == 3);
        assert_eq!((found.customers.len(), found.customers[0].slot, found.slots), (1, 3, BTreeSet::from([3])));
    }

    #[test]
    fn what_moves_or_is_no_answer_of_ours_does_not_count() {
        let mut found = part(&[1, 3], None, &[]);
        assert_eq!(found.unite(part(&[0, 3], None, &[(0, "c")])), Err(MOVING.to_owned()));
        assert_eq!(found.unite(part(&[0], Some("x"), &[(0, "c")])), Err(NOT_OURS.to_owned()));
        assert!(found.customers.is_empty() && found.slots.len() == 2);
    }
}
