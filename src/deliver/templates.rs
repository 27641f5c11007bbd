//! From an action to words: mails in two forms, bodies of HTTP requests, headers and addresses, all by minijinja.
//!
//! A mail `cart_1` is `cart_1.txt`, whose first line is its subject, and `cart_1.html` if there is one; `cart_1.de.txt` goes to whoever speaks
//! German; what has no template is `generic`. HTML is escaped by its ending, JSON is written as JSON. A field that does not exist is an
//! error, not an empty place; one that may be missing is asked for with `if`. Rendering is bounded. Used by `letter` and `hook`.

use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::action::Action;

/// Files that come with the program; a folder of one's own is laid over them.
const SHIPPED: [(&str, &str); 13] = [
    ("cart_1.txt", include_str!("../../config/templates/cart_1.txt")),
    ("cart_1.html", include_str!("../../config/templates/cart_1.html")),
    ("cart_2.txt", include_str!("../../config/templates/cart_2.txt")),
    ("cart_3.txt", include_str!("../../config/templates/cart_3.txt")),
    ("welcome_1.txt", include_str!("../../config/templates/welcome_1.txt")),
    ("thank_you.txt", include_str!("../../config/templates/thank_you.txt")),
    ("escalation.txt", include_str!("../../config/templates/escalation.txt")),
    ("win_back_1.txt", include_str!("../../config/templates/win_back_1.txt")),
    ("generic.txt", include_str!("../../config/templates/generic.txt")),
    ("generic.html", include_str!("../../config/templates/generic.html")),
    ("klaviyo.json", include_str!("../../config/templates/klaviyo.json")),
    ("customer_io.json", include_str!("../../config/templates/customer_io.json")),
    ("braze.json", include_str!("../../config/templates/braze.json")),
];

/// For who has no template of their own.
const FALLBACK: &str = "generic";
/// Steps of one rendering: a cart of 20 lines takes some thousand.
const FUEL: u64 = 100_000;
/// A mail beyond this is cut off by readers anyway.
const BYTES_MAX: usize = 1 << 20;
/// How the first line of a mail's text begins.
const SUBJECT: &str = "Subject:";
/// Of a mail's text.
const MAIL: &str = ".txt";
const UNSUBSCRIBE_URL: &str = "deliver.unsubscribe_url";
const WEBHOOK_URL: &str = "deliver.webhook.url";

/// Texts of the configuration that are templates, too.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// `https:` for one-click.
    pub unsubscribe_url: Option<String>,
    /// `Name: value` each.
    pub headers: Vec<String>,
    pub webhook_url: Option<String>,
    /// Name of the file that is the body.
    pub webhook_body: Option<String>,
}

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub unsubscribe_url: Option<String>,
    pub headers: Vec<(String, String)>,
}

pub struct Templates {
    environment: Environment<'static>,
    texts: Texts,
}

impl Templates {
    /// `files`: names and texts, laid over the shipped ones. The error names the file and the line.
    pub fn new(files: Vec<(String, String)>, texts: Texts) -> Result<Templates, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_fuel(Some(FUEL));
        environment.add_filter("unix_seconds", unix_seconds);
        environment.add_filter("ulid", ulid);
        let shipped = SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let headers = texts.headers.iter().enumerate().map(|(number, text)| (header_name(number), text.clone()));
        let urls = [(UNSUBSCRIBE_URL, &texts.unsubscribe_url), (WEBHOOK_URL, &texts.webhook_url)];
        let urls = urls.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?)));
        for (name, text) in shipped.chain(files) {
            let text = match name.strip_suffix(MAIL) {
                None => text,
                Some(mail) => {
                    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
                    let subject = first.strip_prefix(SUBJECT).ok_or_else(|| format!("{name} does not begin with {SUBJECT}"))?;
                    environment.add_template_owned(subject_name(mail), subject.to_owned()).map_err(|error| told(&error))?;
                    // lines keep their numbers
                    format!("\n{rest}")
                }
            };
            environment.add_template_owned(name, text).map_err(|error| told(&error))?;
        }
        for (name, text) in headers.chain(urls) {
            environment.add_template_owned(name, text).map_err(|error| told(&error))?;
        }
        let templates = Templates { environment, texts };
        match &templates.texts.webhook_body {
            Some(name) if !templates.has(name) => Err(format!("deliver.webhook.body: there is no template {name}")),
            _ => Ok(templates),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.environment.get_template(name).is_ok()
    }

    /// The words of a mail; the error names the template, and nothing of the customer.
    pub fn words(&self, action: &Action) -> Result<Words, String> {
        let unsubscribe_url = match self.texts.unsubscribe_url {
            Some(_) => Some(self.url(UNSUBSCRIBE_URL, action)?),
            None => None,
        };
        let mut fields = action.fields.clone();
        fields["unsubscribe_url"] = unsubscribe_url.clone().into();
        let context = Value::from(Serde(&fields));
        let base = self.find(action).ok_or_else(|| format!("there is no template {}{MAIL}", action.template))?;
        let html_name = format!("{base}.html");
        let html = if self.has(&html_name) { Some(self.render(&html_name, &context)?) } else { None };
        Ok(Words {
            subject: one_line(&self.render(&subject_name(&base), &context)?),
            text: self.render(&format!("{base}{MAIL}"), &context)?.trim_start_matches(['\r', '\n']).to_owned(),
            html,
            unsubscribe_url,
            headers: self.headers(action)?,
        })
    }

    /// For the customer's language and country, for their language, for everybody; then the same of the fallback. Without its ending.
    fn find(&self, action: &Action) -> Option<String> {
        let locale = action.locale.as_deref().unwrap_or_default();
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        let endings = [format!(".{locale}"), format!(".{language}"), String::new()];
        let names = [action.template.as_str(), FALLBACK].into_iter().flat_map(|name| endings.iter().map(move |end| format!("{name}{end}")));
        names.into_iter().find(|name| self.has(&format!("{name}{MAIL}")))
    }

    /// Where an HTTP request goes.
    pub fn webhook_url(&self, action: &Action) -> Result<String, String> {
        self.url(WEBHOOK_URL, action)
    }

    fn url(&self, name: &str, action: &Action) -> Result<String, String> {
        let url = self.render(name, &Value::from(Serde(&action.fields)))?;
        let is_good = (url.starts_with("https://") || url.starts_with("http://"))
            && url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"".contains(&byte));
        if is_good { Ok(url) } else { Err(format!("{name} gives no https address: use the filter urlencode")) }
    }

    /// In the configuration's order.
    pub fn headers(&self, action: &Action) -> Result<Vec<(String, String)>, String> {
        let context = Value::from(Serde(&action.fields));
        let render = |number| {
            let line = self.render(&header_name(number), &context)?;
            let (name, value) = line.split_once(':').ok_or_else(|| format!("{} is not \"Name: value\"", header_name(number)))?;
            Ok((name.trim().to_owned(), one_line(value)))
        };
        (0..self.texts.headers.len()).map(render).collect()
    }

    /// The body of an HTTP request by the configured template, which must give JSON; `None`: there is none.
    pub fn webhook_body(&self, action: &Action) -> Result<Option<String>, String> {
        let Some(name) = &self.texts.webhook_body else { return Ok(None) };
        let body = self.render(name, &Value::from(Serde(&action.fields)))?;
        match serde_json::from_str::<serde::de::IgnoredAny>(&body) {
            Ok(_) => Ok(Some(body)),
            Err(_) => Err(format!("{name} gives no JSON")),
        }
    }

    fn render(&self, name: &str, context: &Value) -> Result<String, String> {
        let template = self.environment.get_template(name).map_err(|error| told(&error))?;
        let text = template.render(context.clone()).map_err(|error| told(&error))?;
        if text.len() > BYTES_MAX { Err(format!("{name} gives more than {BYTES_MAX} bytes")) } else { Ok(text) }
    }
}

/// Apart from the text, so that whatever a customer is called stays within it. Its ending is none that is escaped.
fn subject_name(mail: &str) -> String {
    format!("{mail}.subject")
}

fn header_name(number: usize) -> String {
    format!("deliver.headers[{number}]")
}

/// Place and kind of an error: its details may quote what is in the action.
fn told(error: &Error) -> String {
    let place = error.name().map_or(String::new(), |name| format!("{name} line {}: ", error.line().unwrap_or(0)));
    format!("{place}{}", error.kind())
}

/// Headers have one line, whatever a customer is called.
fn one_line(text: &str) -> String {
    let cleaned: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    cleaned.trim().to_owned()
}

fn millis(text: &str) -> Result<i64, Error> {
    let at: Result<jiff::Timestamp, _> = text.parse();
    at.map(|at| at.as_millisecond()).map_err(|_| Error::new(ErrorKind::InvalidOperation, "not a time"))
}

/// `"2026-01-01T00:00:00Z" | unix_seconds` -> 1767225600
fn unix_seconds(text: String) -> Result<i64, Error> {
    Ok(millis(&text)?.div_euclid(1_000))
}

/// An action's id as a ULID of a moment: 48 bits of its milliseconds, then the last 80 of the id, in Crockford's digits.
fn ulid(id: String, at: String) -> Result<String, Error> {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hash = u128::from_str_radix(&id, 16).map_err(|_| Error::new(ErrorKind::InvalidOperation, "not an id"))?;
    let time = u128::from(millis(&at)?.max(0).unsigned_abs()) & ((1 << 48) - 1);
    let number = time << 80 | (hash & ((1 << 80) - 1));
    Ok((0..26).rev().map(|place| char::from(DIGITS[(number >> (place * 5)) as usize & 31])).collect())
}
