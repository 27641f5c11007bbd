//! `plays.<name>.trigger` and `cancel_on`: what begins a play, and what ends it early.
//!
//! Which ends go with which beginning is checked here, too, and that the band or tier that begins it is one. Called by `plays`.

use toml::Value;

use super::super::keys::Keys;
use super::super::layers::Entry;
use super::super::levels::ANY_LEVEL;
use super::super::problem::{Origin, nearest};
use super::super::values::{self, SECOND_MS, expected};
use super::Names;
use crate::clv::rfm::Segment;
use crate::engine::{CREDITED, CancelOn, Stage, Track, Trigger};
use crate::event::names_of_events;

const FORMS: &str = "{ cart = \"idle\" }, { stage = \"lapsed\" }, { event = \"Order Completed\" }, { band = \"high\" }, { tier = \"gold\" }, \
                     { segment = \"champions\" }, { date = \"birthday\" } or { date = \"next_order\" }";

/// What tells of one order, which may be given back.
const NEWS_OF_ORDERS: [&str; 3] = ["Order Completed", "Order Shipped", "Order Delivered"];

/// Nobody is left whom a play could reach.
const OF_NOBODY: &str = "Customer Erased";

pub fn trigger(entry: &Entry, names: &Names<'_>) -> Result<Trigger, String> {
    let table = entry.value.as_table().filter(|table| table.len() == 1);
    let (key, value) = table.and_then(|table| table.iter().next()).ok_or_else(|| expected(FORMS, &entry.value))?;
    match (key.as_str(), value.as_str()) {
        ("cart", Some("idle")) => Ok(Trigger::CartIdle),
        ("stage", Some(name)) => stage(name, names).map(Trigger::StageEntered),
        ("event", Some(name)) if !name.is_empty() => event(name).map(Trigger::EventSeen),
        ("band", Some(name)) => level(Track::ValueBand, "band", name, names.value_bands.iter().map(|band| band.name.as_str())),
        ("tier", Some(name)) => level(Track::Tier, "tier", name, names.tiers.iter().map(|tier| tier.name.as_str())),
        ("segment", Some(name)) => level(Track::Rfm, "segment", name, Segment::ALL.iter().map(|segment| segment.as_str())),
        ("date", Some("birthday")) => Ok(Trigger::Birthday),
        ("date", Some("next_order")) => Ok(Trigger::NextOrderDue),
        _ => Err(expected(FORMS, &entry.value)),
    }
}

/// Any other name would never be applied, and a play on it never begin.
fn event(name: &str) -> Result<String, String> {
    let known = names_of_events().filter(|known| *known != OF_NOBODY).chain(["identify", "alias", CREDITED]);
    if known.clone().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    Err(match nearest(name, known) {
        Some(meant) => format!("unknown event \"{name}\", did you mean \"{meant}\"?"),
        None => format!("no event \"{name}\" can begin a play: it has no meaning here"),
    })
}

fn level<'a>(track: Track, what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Result<Trigger, String> {
    if name == ANY_LEVEL {
        return Ok(Trigger::LevelReached { track, name: None });
    }
    if !known.clone().any(|known| known == name) {
        return Err(unknown(what, name, known.chain([ANY_LEVEL])));
    }
    Ok(Trigger::LevelReached { track, name: Some(name.to_owned()) })
}

fn stage(name: &str, names: &Names<'_>) -> Result<Stage, String> {
    let found = names.stages.iter().find(|entry| entry.stage.as_str() == name);
    found.map(|entry| entry.stage).ok_or_else(|| unknown("stage", name, names.stages.iter().map(|entry| entry.stage.as_str())))
}

/// `unknown stage "lapsd", did you mean "lapsed"?`
pub fn unknown<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(meant) = nearest(word, known.clone().into_iter()) {
        return format!("unknown {what} \"{word}\", did you mean \"{meant}\"?");
    }
    let known: Vec<String> = known.into_iter().map(|word| format!("\"{word}\"")).collect();
    format!("unknown {what} \"{word}\", expected {}", known.join(" or "))
}

/// The shortest delay of a step: a cart is idle only after a while, everything else may be answered at once.
pub fn least_delay_ms(trigger: Option<&Trigger>) -> i64 {
    if trigger == Some(&Trigger::CartIdle) { SECOND_MS } else { 0 }
}

pub fn cancel_on(entry: &Entry) -> Result<CancelOn, String> {
    let mut cancel_on = CancelOn::default();
    for word in values::texts(entry)? {
        match word.as_str() {
            "order" => cancel_on.order = true,
            "cart_emptied" => cancel_on.cart_emptied = true,
            "cart_filled" => cancel_on.cart_filled = true,
            "stage_left" => cancel_on.stage_left = true,
            "refund" => cancel_on.refund = true,
            _ => return Err(unknown("end", &word, ["order", "cart_emptied", "cart_filled", "stage_left", "refund"])),
        }
    }
    Ok(cancel_on)
}

/// What cannot happen to a play is refused where somebody wrote it, and left out where it was taken from the shipped play.
pub fn check_ends(keys: &mut Keys<'_>, key: &str, trigger: &Trigger, cancel_on: &mut CancelOn) {
    if cancel_on.cart_emptied && *trigger != Trigger::CartIdle {
        if keys.origin(key) != Some(&Origin::Default) {
            keys.refuse(key, "\"cart_emptied\" ends plays with the trigger { cart = \"idle\" } only".to_owned());
        }
        cancel_on.cart_emptied = false;
    }
    if cancel_on.cart_filled && *trigger == Trigger::CartIdle {
        keys.refuse(key, "\"cart_filled\" ends plays that no cart begins".to_owned());
    }
    if cancel_on.stage_left && !matches!(trigger, Trigger::StageEntered(_)) {
        keys.refuse(key, "\"stage_left\" ends plays with the trigger { stage = \"…\" } only".to_owned());
    }
    let is_about_order = matches!(trigger, Trigger::EventSeen(name) if NEWS_OF_ORDERS.contains(&name.as_str()));
    if cancel_on.refund && !is_about_order {
        if keys.origin(key) != Some(&Origin::Default) {
            keys.refuse(key, format!("\"refund\" ends plays with the trigger {{ event = \"…\" }} of {} only", NEWS_OF_ORDERS.join(", ")));
        }
        cancel_on.refund = false;
    }
}

/// The table, if it holds these keys and no other.
pub fn known_table<'a>(value: &'a Value, known: &[&str]) -> Result<&'a toml::Table, String> {
    let table = value.as_table().ok_or_else(|| expected(&format!("a table with {}", known.join(" and ")), value))?;
    let Some(unknown) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(table);
    };
    Err(match nearest(unknown, known.iter().copied()) {
        Some(meant) => format!("unknown key `{unknown}`, did you mean `{meant}`?"),
        None => format!("unknown key `{unknown}`, expected {}", known.join(" and ")),
    })
}
