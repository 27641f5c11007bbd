//! What a customer likes: the categories and products bought, put into carts and looked at, lately more than long ago.
//!
//! Each halves in weight every `HALF_LIFE_MS`; of each kind the strongest few are kept. Mails say them (`affinity` of an action), nothing is
//! decided by them. They stay bytes from row to row and are read only when there is something to learn or to tell, since most events
//! are about neither. Called by `apply`, `actions` and `record::held`.

use super::customer::Customer;
use super::row::RowError;
use super::scene::Scene;
use crate::clv::{DAY_MS, DecayedSum};
use crate::event::{Event, Item, Kind, cut};

/// Of each kind: what a mail has room for.
pub const LIKINGS_MAX: usize = 4;
/// Longer categories are cut; longer ids of products, which nobody could look up then, are left out.
const NAME_BYTES_MAX: usize = 64;
/// Taste outlasts a season, not a year.
pub const HALF_LIFE_MS: i64 = 60 * DAY_MS;

const WEIGHT_BYTES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LikingKind {
    Category = 0,
    Product = 1,
}

impl LikingKind {
    const ALL: [LikingKind; 2] = [LikingKind::Category, LikingKind::Product];

    pub fn as_str(self) -> &'static str {
        match self {
            LikingKind::Category => "category",
            LikingKind::Product => "product",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Liking<'a> {
    pub kind: LikingKind,
    pub name: &'a str,
    pub weight: DecayedSum,
}

/// Categories, then products, each from the strongest on: kind, length of the name, name, weight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Affinity(Vec<u8>);

impl Affinity {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes of a row, which must be such as `bytes` gives.
    pub fn set_bytes(&mut self, bytes: &[u8]) -> Result<(), RowError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (liking, behind) = first(rest).ok_or(RowError::Malformed("affinity"))?;
            // cheaper to tell than any text is, and nearly always so
            if !liking.name.is_ascii() && std::str::from_utf8(liking.name).is_err() {
                return Err(RowError::Malformed("affinity"));
            }
            rest = behind;
        }
        self.0.clear();
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    pub fn likings(&self) -> impl Iterator<Item = Liking<'_>> {
        self.raw_likings()
            .filter_map(|RawLiking { kind, name, weight }| Some(Liking { kind, name: std::str::from_utf8(name).ok()?, weight }))
    }

    fn raw_likings(&self) -> impl Iterator<Item = RawLiking<'_>> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (liking, behind) = first(rest)?;
            rest = behind;
            Some(liking)
        })
    }

    /// Takes over what another id liked.
    pub fn unite(&mut self, other: &Affinity) {
        let mut likings: Vec<RawLiking<'_>> = self.raw_likings().collect();
        for theirs in other.raw_likings() {
            match likings.iter_mut().find(|own| own.kind == theirs.kind && own.name == theirs.name) {
                Some(own) => own.weight = own.weight.plus(theirs.weight),
                None => likings.push(theirs),
            }
        }
        self.0 = strongest(likings);
    }

    fn add(&mut self, items: &[Item<'_>], weight: DecayedSum) {
        let mut likings: Vec<RawLiking<'_>> = Vec::with_capacity(2 * (LIKINGS_MAX + items.len()));
        self.raw_likings().for_each(|liking| likings.push(liking));
        for item in items {
            let category = item.category.as_deref().map(|name| (LikingKind::Category, cut(name, NAME_BYTES_MAX)));
            let product = item.product_id.as_deref().filter(|id| id.len() <= NAME_BYTES_MAX).map(|id| (LikingKind::Product, id));
            for (kind, name) in [category, product].into_iter().flatten() {
                let name = name.as_bytes();
                match likings.iter_mut().find(|liking| liking.kind == kind && liking.name == name) {
                    Some(known) => known.weight = known.weight.plus(weight),
                    None => likings.push(RawLiking { kind, name, weight }),
                }
            }
        }
        self.0 = strongest(likings);
    }
}

/// The strongest of each kind, as they are kept.
fn strongest(mut likings: Vec<RawLiking<'_>>) -> Vec<u8> {
    likings.sort_by(|a, b| a.kind.cmp(&b.kind).then(a.weight.by_strength(b.weight)).then_with(|| a.name.cmp(b.name)));
    let mut bytes = Vec::with_capacity(likings.iter().map(|liking| 2 + liking.name.len() + WEIGHT_BYTES).sum());
    for kind in LikingKind::ALL {
        for liking in likings.iter().filter(|liking| liking.kind == kind).take(LIKINGS_MAX) {
            bytes.extend_from_slice(&[kind as u8, liking.name.len() as u8]);
            bytes.extend_from_slice(liking.name);
            bytes.extend_from_slice(&liking.weight.to_le_bytes());
        }
    }
    bytes
}

/// A liking whose name is only compared: as bytes, which have the order of texts.
#[derive(Clone, Copy)]
struct RawLiking<'a> {
    kind: LikingKind,
    name: &'a [u8],
    weight: DecayedSum,
}

/// `None`: there is none, or what stands there is none.
fn first(bytes: &[u8]) -> Option<(RawLiking<'_>, &[u8])> {
    let (&[kind, length], rest) = bytes.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(length))?;
    let (weight, rest) = rest.split_first_chunk::<WEIGHT_BYTES>()?;
    let kind = *LikingKind::ALL.get(usize::from(kind))?;
    Some((RawLiking { kind, name, weight: DecayedSum::from_le_bytes(*weight)? }, rest))
}

/// Learns from an event that was applied. Rows of old versions have no place for it.
pub fn learn(customer: &mut Customer, event: &Event<'_>, scene: &Scene<'_>) {
    if event.items.is_empty() || !scene.cells.are_kept() {
        return;
    }
    let weight = match event.kind {
        Kind::OrderCompleted(_) => 4.0,
        Kind::CartLine(_) => 2.0,
        _ => 1.0,
    };
    customer.affinity.add(&event.items, DecayedSum::of(weight, event.time_ms, HALF_LIFE_MS));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(product_id: &'static str, category: &'static str) -> Item<'static> {
        let told = |text: &'static str| Some(text).filter(|text| !text.is_empty()).map(Into::into);
        Item { product_id: told(product_id), category: told(category) }
    }

    fn names(affinity: &Affinity) -> Vec<&str> {
        affinity.likings().map(|liking| liking.name).collect()
    }

    fn at(day: i64) -> DecayedSum {
        DecayedSum::of(1.0, day * DAY_MS, HALF_LIFE_MS)
    }

    #[test]
    fn what_was_liked_lately_and_often_comes_first() {
        let mut affinity = Affinity::default();
        affinity.add(&[item("mug", "kitchen"), item("tea", "")], at(0));
        affinity.add(&[item("boot", "shoes")], at(10));
        assert_eq!(names(&affinity), ["shoes", "kitchen", "boot", "mug", "tea"]);
        affinity.add(&[item("mug", "kitchen")], at(5));
        assert_eq!(names(&affinity), ["kitchen", "shoes", "mug", "boot", "tea"]);
    }

    #[test]
    fn a_few_of_each_kind_are_kept_and_no_long_ids() {
        let mut affinity = Affinity::default();
        for (day, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            affinity.add(&[item(name, name)], at(day as i64));
        }
        assert_eq!(names(&affinity), ["e", "d", "c", "b", "e", "d", "c", "b"]);
        let long = "ä".repeat(40);
        affinity.add(&[Item { product_id: Some(long.as_str().into()), category: Some(long.as_str().into()) }], at(9));
        assert_eq!(names(&affinity), ["ä".repeat(32).as_str(), "e", "d", "c", "e", "d", "c", "b"]);
    }

    #[test]
    fn bytes_are_taken_back_as_they_were_and_others_refused() {
        let mut affinity = Affinity::default();
        affinity.add(&[item("mug", "kitchen")], at(3));
        let mut other = Affinity::default();
        other.set_bytes(affinity.bytes()).unwrap();
        assert_eq!(other, affinity);
        let bytes = affinity.bytes();
        for broken in [&bytes[..bytes.len() - 1], &[2, 1, b'a', 0, 0, 0, 0], &[0, 1, 0xff, 0, 0, 0, 0], &[0, 0, 0, 0, 0xc0, 0x7f]] {
            assert_eq!(other.set_bytes(broken), Err(RowError::Malformed("affinity")), "{broken:?}");
        }
    }
}
