//! `plays.<name>.steps`: what to send and how long after the trigger, in which variants, and with which offer.
//!
//! A play grants one offer at most, so all its steps that carry one carry the same. Called by `plays`.

use toml::Value;

use super::super::layers::Entry;
use super::super::values::{self, DURATION_MS_MAX, SECOND_MS, expected};
use super::trigger::known_table;
use crate::engine::{Offer, STEPS_MAX, Step};

const TEMPLATE_BYTES_MAX: usize = 200;
/// Arms of one test; more would be too small to tell apart.
const TEMPLATES_MAX: usize = 8;
const OFFER_BYTES_MAX: usize = 200;

pub fn steps(entry: &Entry, least_delay_ms: i64) -> Result<Vec<Step>, String> {
    let array = entry.value.as_array().filter(|array| !array.is_empty() && array.len() <= STEPS_MAX);
    let array = array
        .ok_or_else(|| expected(&format!("1 to {STEPS_MAX} steps such as [{{ delay = \"1h\", template = \"cart_1\" }}]"), &entry.value))?;
    let steps: Vec<Step> = array.iter().map(|value| step(value, least_delay_ms)).collect::<Result<_, _>>()?;
    if steps.windows(2).any(|pair| pair[1].delay_ms <= pair[0].delay_ms) {
        return Err("delays count from the trigger and must rise from step to step".to_string());
    }
    let mut offers = steps.iter().filter_map(|step| step.offer.as_ref());
    let first = offers.next();
    if let Some(other) = offers.find(|offer| Some(*offer) != first) {
        let named = first.map_or("", |first| first.id.as_str());
        return Err(format!("a play grants one offer, with one offer_ttl: \"{named}\" is followed by \"{}\"", other.id));
    }
    Ok(steps)
}

fn step(value: &Value, least_delay_ms: i64) -> Result<Step, String> {
    let table = known_table(value, &["delay", "template", "templates", "offer", "offer_ttl"])?;
    let delay = table.get("delay").ok_or("a step has no delay")?;
    let delay_ms = values::duration_of(delay, &(least_delay_ms..=DURATION_MS_MAX)).map_err(|message| format!("delay: {message}"))?;
    Ok(Step { delay_ms, templates: templates(table)?, offer: offer(table)? })
}

fn templates(table: &toml::Table) -> Result<Vec<String>, String> {
    let templates = match (table.get("template"), table.get("templates")) {
        (Some(template), None) => vec![name_of(template, "template", TEMPLATE_BYTES_MAX)?],
        (None, Some(templates)) => {
            let array = templates.as_array().filter(|array| (2..=TEMPLATES_MAX).contains(&array.len()));
            let form = || format!("templates: {}", expected(&format!("2 to {TEMPLATES_MAX} names in quotes"), templates));
            let names = array.ok_or_else(form)?.iter();
            names.map(|name| name_of(name, "templates", TEMPLATE_BYTES_MAX)).collect::<Result<Vec<String>, String>>()?
        }
        (None, None) => return Err("a step has no template".to_string()),
        (Some(_), Some(_)) => return Err("a step has either template or templates".to_string()),
    };
    if let Some(twice) = templates.iter().enumerate().find_map(|(place, name)| templates[..place].contains(name).then_some(name)) {
        return Err(format!("templates: \"{twice}\" is there twice"));
    }
    Ok(templates)
}

fn offer(table: &toml::Table) -> Result<Option<Offer>, String> {
    match (table.get("offer"), table.get("offer_ttl")) {
        (None, None) => Ok(None),
        (Some(offer), Some(ttl)) => {
            let ttl_ms = values::duration_of(ttl, &(SECOND_MS..=DURATION_MS_MAX)).map_err(|message| format!("offer_ttl: {message}"))?;
            Ok(Some(Offer { id: name_of(offer, "offer", OFFER_BYTES_MAX)?, ttl_ms }))
        }
        (Some(_), None) => Err("an offer needs an offer_ttl, such as \"14d\"".to_string()),
        (None, Some(_)) => Err("offer_ttl without an offer".to_string()),
    }
}

fn name_of(value: &Value, key: &str, bytes_max: usize) -> Result<String, String> {
    let name = value.as_str().filter(|name| !name.is_empty() && name.len() <= bytes_max);
    name.map(str::to_owned).ok_or_else(|| format!("{key}: {}", expected("a name in quotes", value)))
}
