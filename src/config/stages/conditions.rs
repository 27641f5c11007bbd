//! `when` of a stage: what plays may ask of a customer and time does not change, what only stages ask for, and how long ago something was.
//! Called by `graph`.

use toml::Value;

use super::super::plays::{Names, condition_of, known_table, limit, unknown};
use super::super::problem::nearest;
use super::super::values::{self, DURATION_MS_MAX, expected};
use crate::engine::{ALIVE_BOUNDS_MAX, Counted, CustomerFlag, StageCondition, StageMoment as Moment};

/// Of plays' fields, those that only an event changes. Tracks of their own (segment, tier, value band) are settled after the stage.
const OF_PLAYS: [&str; 7] = ["orders", "historic.net", "cart.value", "channel", "locale", "region", "customer_type"];
const IS: &str = "is";
const ALIVE: &str = "p_alive";

/// `alive_below`: the probabilities asked about so far, to which another may be added.
pub fn condition(value: &Value, names: &Names<'_>, alive_below: &mut Vec<f64>) -> Result<StageCondition, String> {
    let table = known_table(value, &["field", "ge", "lt", "in"])?;
    let field = table.get("field").ok_or("a condition has no field")?;
    let name = field.as_str().ok_or_else(|| expected("the name of a field in quotes", field))?;
    if OF_PLAYS.contains(&name) {
        return condition_of(value, names).map(StageCondition::Stands);
    }
    if name == IS {
        return flags(table).map(StageCondition::Is);
    }
    if name == ALIVE {
        return alive(table, alive_below);
    }
    if let Some((_, of)) = Counted::WORDS.into_iter().find(|(word, _)| *word == name) {
        let (test, limit) = limit(table, name, "a whole number, such as 3")?;
        let count = limit.as_integer().and_then(|count| u32::try_from(count).ok());
        let count = count.ok_or_else(|| format!("{name}: {}", expected("a whole number, not negative", limit)))?;
        return Ok(StageCondition::Count { of, test, count });
    }
    if let Some((_, moment)) = Moment::WORDS.into_iter().find(|(word, _)| *word == name) {
        let (test, limit) = limit(table, name, "a duration, such as \"30d\"")?;
        let ms = values::duration_of(limit, &(0..=DURATION_MS_MAX)).map_err(|why| format!("{name}: {why}"))?;
        return Ok(StageCondition::Since { moment, test, ms });
    }
    Err(unknown_field(name))
}

fn flags(table: &toml::Table) -> Result<Vec<CustomerFlag>, String> {
    let known = || CustomerFlag::WORDS.iter().map(|(word, _)| *word);
    let words = table.get("in").and_then(Value::as_array).filter(|words| table.len() == 2 && !words.is_empty());
    let words = words.ok_or_else(|| format!("{IS} takes in, with some of {}", known().collect::<Vec<_>>().join(", ")))?;
    let flag = |word: &Value| {
        let word = word.as_str().ok_or_else(|| expected("a word in quotes", word))?;
        let found = CustomerFlag::WORDS.into_iter().find(|(known, _)| *known == word);
        found.map(|(_, flag)| flag).ok_or_else(|| unknown(IS, word, known().collect::<Vec<_>>()))
    };
    words.iter().map(flag).collect()
}

fn alive(table: &toml::Table, alive_below: &mut Vec<f64>) -> Result<StageCondition, String> {
    let (test, limit) = limit(table, ALIVE, "a probability, such as 0.4")?;
    let share = limit.as_float().filter(|share| *share > 0.0 && *share < 1.0);
    let share = share.ok_or_else(|| format!("{ALIVE}: {}", expected("a probability between 0.0 and 1.0, both excluded", limit)))?;
    let known = alive_below.iter().position(|below| *below == share);
    if known.is_none() {
        if alive_below.len() == ALIVE_BOUNDS_MAX {
            return Err(format!("{ALIVE}: at most {ALIVE_BOUNDS_MAX} different probabilities can be asked about"));
        }
        alive_below.push(share);
    }
    Ok(StageCondition::Alive { bound: known.unwrap_or(alive_below.len() - 1), test })
}

fn unknown_field(name: &str) -> String {
    let counted = Counted::WORDS.map(|(word, _)| word);
    let moments = Moment::WORDS.map(|(word, _)| word);
    let fields = || [IS, ALIVE].into_iter().chain(counted).chain(moments).chain(OF_PLAYS);
    match nearest(name, fields()) {
        Some(meant) => format!("unknown field `{name}`, did you mean `{meant}`?"),
        None => format!("unknown field `{name}`, expected one of {}", fields().collect::<Vec<_>>().join(", ")),
    }
}
