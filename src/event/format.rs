//! Which wire format a topic carries (`input.formats`), and what a record has beside key and value that some formats look at.
//! Reads nothing itself. Filled by `config` and by whoever calls `decode`.

use std::fmt;

/// How the values of a topic are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Segment's calls, and whatever else is known by its shape.
    #[default]
    Auto,
    Segment,
    CloudEvents,
    Ses,
    SendGrid,
    Mailgun,
    Postmark,
    Shopify,
}

impl Format {
    /// The words of `input.formats`.
    pub const WORDS: &[(&str, Format)] = &[
        ("auto", Format::Auto),
        ("segment", Format::Segment),
        ("cloudevents", Format::CloudEvents),
        ("ses", Format::Ses),
        ("sendgrid", Format::SendGrid),
        ("mailgun", Format::Mailgun),
        ("postmark", Format::Postmark),
        ("shopify", Format::Shopify),
    ];
}

/// Shows each header, its name and its value, to whoever asks.
pub type EachHeader<'h> = dyn Fn(&mut dyn FnMut(&str, &[u8])) + 'h;

/// How a record is to be read. Headers are asked for only by formats that have a use for them.
#[derive(Clone, Copy)]
pub struct Wire<'h> {
    pub format: Format,
    pub each_header: &'h EachHeader<'h>,
}

impl Wire<'static> {
    /// A record of a format that comes without headers.
    pub const fn bare(format: Format) -> Wire<'static> {
        Wire { format, each_header: &|_| {} }
    }
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.format.fmt(f)
    }
}
