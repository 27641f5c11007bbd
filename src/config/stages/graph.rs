//! `stages.graph`: the stages of a shop, from the beginning of a customer's way to its end, and what each asks for.
//!
//! Refused are graphs that leave somebody nowhere, and entries that can never decide: another one holds whenever they do. Called by `stages`.

use std::collections::BTreeMap;

use toml::Value;

use super::super::plays::{MONEY, Names, known_table};
use super::super::values::expected;
use super::conditions::condition;
use crate::engine::{
    Condition, Counted, CustomerFlag, STAGE_BYTES_MAX, STAGE_ENTRIES_MAX, Stage, StageCondition, StageEntry as Entry, StageGraph as Graph,
    StageMoment as Moment, Test, Why,
};
use crate::event::Currency;

/// Of one entry.
const CONDITIONS_MAX: usize = 8;
/// What records say instead of a stage.
const RESERVED: [&str; 2] = ["none", "merged"];
const EXAMPLE: &str = "{ name = \"buyer\", when = [{ field = \"orders\", ge = 1 }] }";

pub fn graph(value: &Value, names: &Names<'_>) -> Result<Graph, String> {
    let array = value.as_array().filter(|array| (1..=STAGE_ENTRIES_MAX).contains(&array.len()));
    let array = array.ok_or_else(|| expected(&format!("1 to {STAGE_ENTRIES_MAX} stages such as {EXAMPLE}"), value))?;
    let mut alive_below = Vec::new();
    let mut entries = Vec::new();
    for value in array {
        entries.push(entry(value, names, &mut alive_below)?);
    }
    check(&entries, &alive_below)?;
    Ok(Graph { entries, alive_below, forward_only: false, is_shipped: false })
}

fn entry(value: &Value, names: &Names<'_>, alive_below: &mut Vec<f64>) -> Result<Entry, String> {
    let table = known_table(value, &["name", "when", "gone"])?;
    let name = table.get("name").and_then(Value::as_str).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let stage = Stage::named(name).filter(|_| name.bytes().all(is_plain));
    let stage = stage.ok_or_else(|| {
        expected(&format!("a name of at most {STAGE_BYTES_MAX} of the characters a-z, 0-9, _ and - in each stage"), value)
    })?;
    if RESERVED.contains(&name) {
        return Err(format!("{name}: is what records say of who is in no stage"));
    }
    let of_it = |why: String| format!("{name}: {why}");
    let when = match table.get("when") {
        None => Vec::new(),
        Some(Value::Array(when)) if when.len() <= CONDITIONS_MAX => {
            when.iter().map(|value| condition(value, names, alive_below)).collect::<Result<_, _>>().map_err(of_it)?
        }
        Some(other) => return Err(of_it(expected(&format!("at most {CONDITIONS_MAX} conditions, all of which must hold"), other))),
    };
    let is_gone = match table.get("gone") {
        None => false,
        Some(Value::Boolean(is_gone)) => *is_gone,
        Some(other) => return Err(of_it(format!("gone: {}", expected("true or false", other)))),
    };
    let why = why(&when);
    Ok(Entry::new(stage, why, is_gone, when))
}

/// What brings somebody in who came by neither order nor refund.
fn why(when: &[StageCondition]) -> Why {
    let first = when.iter().find_map(|condition| match condition {
        StageCondition::Alive { .. } | StageCondition::Since { moment: Moment::LatestOrder | Moment::LatestEvent, .. } => {
            Some(Why::Silence)
        }
        StageCondition::Since { moment: Moment::SignUp, .. } => Some(Why::SignedUp),
        StageCondition::Is(flags) if flags.iter().all(|flag| matches!(flag, CustomerFlag::Identified | CustomerFlag::HasEmail)) => {
            Some(Why::Identified)
        }
        StageCondition::Is(flags) if *flags == [CustomerFlag::SignedUp] => Some(Why::SignedUp),
        _ => None,
    });
    first.unwrap_or(if when.is_empty() { Why::FirstSeen } else { Why::Condition })
}

fn check(entries: &[Entry], alive_below: &[f64]) -> Result<(), String> {
    let first = &entries[0];
    if !first.when.is_empty() {
        return Err(format!(
            "{}: the first stage is that of everybody of whom nothing else is so, and has no conditions",
            first.stage.as_str()
        ));
    }
    let asks_for_return = entries.iter().any(|entry| entry.is_of_return);
    if asks_for_return && !entries.iter().any(|entry| entry.is_gone) {
        return Err("nobody can have returned: no stage is marked gone = true".to_string());
    }
    for (place, entry) in entries.iter().enumerate() {
        let name = entry.stage.as_str();
        let later = &entries[place + 1..];
        if let Some(never) = contradiction(&entry.when, alive_below) {
            return Err(format!("{name}: can never be entered: no {never} is both that much and that little"));
        }
        let holds = |asked: &StageCondition| entry.when.iter().any(|held| implies(held, asked, alive_below));
        if let Some(other) = later.iter().find(|other| other.when.iter().all(holds)) {
            return Err(format!(
                "{name}: can never be entered here: whenever its conditions hold, those of {}, which stands later, do",
                other.stage.as_str()
            ));
        }
        if later.iter().any(|other| other.stage == entry.stage && other.is_gone != entry.is_gone) {
            return Err(format!("{name}: is listed several times, once with gone = true and once without"));
        }
        let is_split = later.iter().skip_while(|other| other.stage == entry.stage).any(|other| other.stage == entry.stage);
        if is_split {
            return Err(format!("{name}: is listed in several places; the ways into a stage stand one after the other"));
        }
    }
    Ok(())
}

/// Whether the second holds whenever the first does.
fn implies(held: &StageCondition, asked: &StageCondition, alive_below: &[f64]) -> bool {
    use StageCondition::{Is, Stands};
    match (held, asked) {
        (Is(held), Is(asked)) => held.iter().all(|flag| asked.contains(flag)),
        (Stands(Condition::Word { field, among }), Stands(Condition::Word { field: asked_field, among: asked })) => {
            field == asked_field && among.iter().all(|word| asked.contains(word))
        }
        _ => match (Bound::of(held, alive_below), Bound::of(asked, alive_below)) {
            (Some(held), Some(asked)) => held.implies(&asked),
            _ => held == asked,
        },
    }
}

/// A field of which the conditions ask for at least so much and for less than that.
fn contradiction(when: &[StageCondition], alive_below: &[f64]) -> Option<&'static str> {
    let bounds: Vec<Bound> = when.iter().filter_map(|condition| Bound::of(condition, alive_below)).collect();
    bounds.iter().find(|first| bounds.iter().any(|second| first.excludes(second))).map(|bound| bound.field)
}

/// A condition that asks for much or little of something.
struct Bound {
    field: &'static str,
    test: Test,
    /// Of money by currency, of all else under none. What is in another currency does not pass.
    limits: BTreeMap<Option<Currency>, i64>,
}

impl Bound {
    fn of(condition: &StageCondition, alive_below: &[f64]) -> Option<Bound> {
        use StageCondition::{Alive, Count, Since, Stands};
        let plain = |field, test: &Test, limit| Bound { field, test: *test, limits: BTreeMap::from([(None, limit)]) };
        Some(match condition {
            Count { of, test, count } => plain(word(Counted::WORDS, of)?, test, i64::from(*count)),
            Since { moment, test, ms } => plain(word(Moment::WORDS, moment)?, test, *ms),
            // the bits of floats that are not negative rise as these do
            Alive { bound, test } => plain("p_alive", test, alive_below.get(*bound)?.to_bits().cast_signed()),
            Stands(Condition::Orders { test, count }) => plain("orders", test, i64::from(*count)),
            Stands(Condition::Money { field, test, minor }) => {
                let limits = minor.iter().map(|(currency, minor)| (Some(*currency), *minor)).collect();
                Bound { field: word(MONEY, field)?, test: *test, limits }
            }
            _ => return None,
        })
    }

    fn implies(&self, asked: &Bound) -> bool {
        let is_stronger = |held: &i64, asked: &i64| match self.test {
            Test::AtLeast => held >= asked,
            Test::LessThan => held <= asked,
        };
        let is_asked = |(currency, limit)| asked.limits.get(currency).is_some_and(|asked| is_stronger(limit, asked));
        self.field == asked.field && self.test == asked.test && self.limits.iter().all(is_asked)
    }

    /// At least this and less than the other: there is no amount, in whatever currency.
    fn excludes(&self, other: &Bound) -> bool {
        let has_room = |(currency, least)| other.limits.get(currency).is_some_and(|limit| least < limit);
        let are_opposite = self.test == Test::AtLeast && other.test == Test::LessThan;
        are_opposite && self.field == other.field && !self.limits.iter().any(has_room)
    }
}

fn word<T: PartialEq, const N: usize>(words: [(&'static str, T); N], meant: &T) -> Option<&'static str> {
    words.into_iter().find(|(_, known)| known == meant).map(|(word, _)| word)
}
