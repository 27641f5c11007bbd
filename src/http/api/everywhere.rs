//! Figures over the slots of all instances: those of this one, and what the others tell of theirs, added up.
//!
//! Another instance is asked for its own figures only, so nobody asks in a circle; what it says of slots that are counted already is left out
//! as a whole. Who does not answer is named: sums over fewer slots are told as such, and never passed off as all. Called by `figures`,
//! `plays` and `economics`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Api, Owners};
use crate::engine::{ALL_REGIONS, Totals, read_told_cell};

/// Instances asked for one answer, all at the same time, each by a thread of its own: more than a group has.
const OTHERS_MAX: usize = 64;
/// Figures in one answer.
pub const FIGURES_MAX: u32 = 1_000;
/// Answers of one instance: more figures than its slots may have.
const ANSWERS_MAX: usize = 100;

pub struct Gathered {
    /// Those added up.
    pub slots: BTreeSet<u32>,
    /// Why others are missing.
    pub missing: Vec<String>,
    pub totals: Totals,
    /// Others have more than was asked for.
    pub has_more: bool,
}

/// Which figures.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Empty: all.
    pub names: &'a [&'a str],
    /// Keys behind this one.
    pub after: &'a str,
    /// The first so many keys: these are added up whole, later ones perhaps not; `None`: all.
    pub limit: Option<u32>,
}

impl Wanted<'_> {
    fn includes(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.contains(&name)
    }
}

/// What another instance has.
struct Part {
    slots: BTreeSet<u32>,
    totals: Totals,
    has_more: bool,
}

/// What another instance answers, as far as it is looked at.
#[derive(Deserialize)]
struct Told {
    slots: BTreeSet<u32>,
    figures: Vec<Box<RawValue>>,
    next: Option<String>,
}

/// The slots that were here from the first look to the last, and their sums.
pub fn here(api: &Api, is_wanted: impl Fn(&str) -> bool) -> (BTreeSet<u32>, Totals) {
    let (mut slots, mut totals) = (BTreeSet::new(), Totals::default());
    for slot in api.held() {
        let mut own = Totals::default();
        for region in ALL_REGIONS {
            api.committed.with_region(slot, region as u16, |region| region.into_iter().for_each(|region| own.add(region, &is_wanted)));
        }
        if api.committed.holds(slot) {
            totals.unite(own);
            slots.insert(slot);
        }
    }
    (slots, totals)
}

/// The sums over all instances that answer.
pub fn gather(api: &Api, wanted: &Wanted<'_>) -> Gathered {
    let (slots, totals) = here(api, |name| wanted.includes(name));
    let mut gathered = Gathered { slots, missing: Vec::new(), totals, has_more: false };
    if gathered.slots.len() == api.slot_count as usize {
        return gathered;
    }
    let others = match api.owners.others() {
        Ok(others) => others,
        Err(why) => {
            gathered.missing.push(why);
            return gathered;
        }
    };
    let owners = api.owners.as_ref();
    let answers: Vec<Result<Part, String>> = std::thread::scope(|scope| {
        let asked: Vec<_> = others.iter().take(OTHERS_MAX).map(|address| scope.spawn(move || told(owners, address, wanted))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a question ended by a defect".to_owned()))).collect()
    });
    for (address, answer) in others.iter().zip(answers) {
        match answer {
            Ok(part) if part.slots.is_disjoint(&gathered.slots) => {
                gathered.slots.extend(part.slots);
                gathered.totals.unite(part.totals);
                gathered.has_more |= part.has_more;
            }
            Ok(_) => gathered.missing.push(format!("{address}: slots are moving")),
            Err(why) => gathered.missing.push(format!("{address}: {why}")),
        }
    }
    if gathered.missing.is_empty() && gathered.slots.len() < api.slot_count as usize {
        gathered.missing.push("some slots are at no instance that advertises an address, or on their way".to_owned());
    }
    gathered
}

/// The slots and figures of another instance. Of keys in order, the first of all instances are among the first of each.
fn told(owners: &dyn Owners, address: &str, wanted: &Wanted<'_>) -> Result<Part, String> {
    let (names, limit) = (wanted.names.join(","), wanted.limit.unwrap_or(FIGURES_MAX).to_string());
    let (mut slots, mut totals, mut after) = (None, Totals::default(), wanted.after.to_owned());
    for _ in 0..ANSWERS_MAX {
        let query = [("scope", "instance"), ("limit", &limit), ("name", &names), ("after", &after)];
        let query: Vec<(&str, &str)> = query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let answer = match owners.ask(address, "/api/aggregates", &query)? {
            (200, answer) => answer,
            (status, _) => return Err(format!("http status: {status}")),
        };
        let told: Told = serde_json::from_str(&answer).map_err(|_| "not an answer of ours".to_owned())?;
        if slots.get_or_insert_with(|| told.slots.clone()) != &told.slots {
            return Err("slots are moving".to_owned());
        }
        for figure in &told.figures {
            let figure = read_told_cell(figure.get()).ok_or("a figure that is not one of ours")?;
            totals.put(&figure.key, figure.cell);
        }
        match told.next {
            Some(next) if wanted.limit.is_none() => after = next,
            next => return Ok(Part { slots: told.slots, totals, has_more: next.is_some() }),
        }
    }
    Err("more figures than slots can have".to_owned())
}
