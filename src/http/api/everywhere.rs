//! Questions about the slots of all instances; figures over them: those of this one, and what the others tell of theirs, added up.
//!
//! Another instance is asked for its own slots only, so nobody asks in a circle; what it says of slots that are counted already is left out
//! as a whole. Who does not answer is named: sums over fewer slots are told as such, and never passed off as all. Called by `figures`,
//! `plays`, `economics` and `lookup`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Api, Owners};
use crate::engine::{ALL_REGIONS, Totals, read_told_cell};

/// Instances asked for one answer, all at the same time, each by a thread of its own: more than a group has.
const OTHERS_MAX: usize = 64;
/// Figures in one answer.
pub const FIGURES_MAX: u32 = 1_000;
/// Answers of one instance: more figures than its slots may have.
const ANSWERS_MAX: usize = 100;
/// Why slots are missing.
pub const MOVING: &str = "slots are moving";
pub const NOT_OURS: &str = "not an answer of ours";
/// A thread that asks has panicked.
pub const DEFECT: &str = "a question ended by a defect";
pub const NOWHERE: &str = "some slots are at no instance that advertises an address, or on their way";

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    All,
    Instance,
}

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

/// So many different slots are all there are.
pub fn is_whole(api: &Api, slots: usize) -> bool {
    slots == api.slot_count as usize
}

/// By the address of who was asked.
type Answers<T> = Vec<(String, Result<T, String>)>;

/// What the other instances answer, by their addresses; an error says why nobody is asked.
pub fn ask_others<T: Send>(api: &Api, ask: &(dyn Fn(&dyn Owners, &str) -> Result<T, String> + Sync)) -> Result<Answers<T>, String> {
    let (owners, mut others) = (api.owners.as_ref(), api.owners.others()?);
    others.truncate(OTHERS_MAX);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = others.iter().map(|address| scope.spawn(move || ask(owners, address))).collect();
        asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(DEFECT.to_owned()))).collect()
    });
    Ok(others.into_iter().zip(answers).collect())
}

/// The sums over all instances that answer.
pub fn gather(api: &Api, wanted: &Wanted<'_>) -> Gathered {
    let (slots, totals) = here(api, |name| wanted.includes(name));
    let mut gathered = Gathered { slots, missing: Vec::new(), totals, has_more: false };
    if is_whole(api, gathered.slots.len()) {
        return gathered;
    }
    let answers = match ask_others(api, &|owners, address| told(owners, address, wanted)) {
        Ok(answers) => answers,
        Err(why) => {
            gathered.missing.push(why);
            return gathered;
        }
    };
    for (address, answer) in answers {
        match answer {
            Ok(part) if part.slots.is_disjoint(&gathered.slots) => {
                gathered.slots.extend(part.slots);
                gathered.totals.unite(part.totals);
                gathered.has_more |= part.has_more;
            }
            Ok(_) => gathered.missing.push(format!("{address}: {MOVING}")),
            Err(why) => gathered.missing.push(format!("{address}: {why}")),
        }
    }
    if gathered.missing.is_empty() && !is_whole(api, gathered.slots.len()) {
        gathered.missing.push(NOWHERE.to_owned());
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
        let told: Told = serde_json::from_str(&answer).map_err(|_| NOT_OURS.to_owned())?;
        if slots.get_or_insert_with(|| told.slots.clone()) != &told.slots {
            return Err(MOVING.to_owned());
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
