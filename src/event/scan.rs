//! One pass over the JSON that shops write: checks its form, marks the fields somebody asks for, skips the rest.
//!
//! It gives up (`None`) on whatever is out of the ordinary: text that is no JSON, a field given twice, an escape in a name, something else
//! where an object is read, nesting beyond 64. Serde then reads the same text from the start and has the last word, so that it alone refuses. What
//! the scan does accept, serde accepts with the same fields (a test compares them). Called by `json`.

use super::value::{Field, Found, Nested, Value};

/// Bits of the word that says which open brackets are objects'.
const DEPTH_MAX: u32 = u64::BITS;

/// An object of which some fields are wanted.
pub(super) trait Fields<'a> {
    /// Where the value of the field `name` belongs.
    fn place(&mut self, name: &[u8]) -> Place<'_, 'a>;
}

/// Where a value belongs.
pub(super) enum Place<'f, 'a> {
    /// Kept as it is written.
    Field(&'f mut Field<'a>),
    /// An object inside the object.
    Object(&'f mut Found, &'f mut dyn Fields<'a>),
    /// Nobody wants it.
    Nowhere,
}

impl<'f, 'a, T: Fields<'a>> From<&'f mut Nested<T>> for Place<'f, 'a> {
    fn from(nested: &'f mut Nested<T>) -> Place<'f, 'a> {
        Place::Object(&mut nested.found, &mut nested.fields)
    }
}

/// Reads a text that is one object, blanks around it allowed. What was there of `fields` when it gives up means nothing.
pub(super) fn object<'a>(text: &'a str, fields: &mut dyn Fields<'a>) -> Option<()> {
    let mut scanner = Scanner::new(text);
    scanner.skip_blanks();
    scanner.object(fields)?;
    scanner.skip_blanks();
    scanner.end()
}

/// Reads a text that is an array of objects without blanks around it, one after the other.
pub(super) fn objects<'a, T: Fields<'a> + Default>(text: &'a str, mut visit: impl FnMut(&T) -> Option<()>) -> Option<()> {
    let mut scanner = Scanner::new(text);
    scanner.require(b'[')?;
    scanner.skip_blanks();
    if scanner.accept(b']') {
        return scanner.end();
    }
    loop {
        let mut fields = T::default();
        scanner.object(&mut fields)?;
        visit(&fields)?;
        scanner.skip_blanks();
        match scanner.take()? {
            b',' => scanner.skip_blanks(),
            b']' => return scanner.end(),
            _ => return None,
        }
    }
}

/// A place in a text, before a value or after one.
struct Scanner<'a> {
    text: &'a str,
    /// What is still to be read.
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Scanner<'a> {
        Scanner { text, rest: text.as_bytes() }
    }

    /// Nothing may follow.
    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    #[inline]
    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn object(&mut self, fields: &mut dyn Fields<'a>) -> Option<()> {
        self.require(b'{')?;
        self.skip_blanks();
        if self.accept(b'}') {
            return Some(());
        }
        loop {
            let quoted = self.rest;
            if !self.skip_text()? {
                return None;
            }
            let name = quoted.get(1..quoted.len() - self.rest.len() - 1)?;
            self.colon()?;
            match fields.place(name) {
                Place::Field(field) => self.mark(field)?,
                Place::Object(found, fields) if *found == Found::Nothing => {
                    *found = Found::Object;
                    self.object(fields)?;
                }
                Place::Object(..) => return None,
                Place::Nowhere => self.skip()?,
            }
            self.skip_blanks();
            match self.take()? {
                b',' => self.skip_blanks(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Keeps a value for later.
    #[inline]
    fn mark(&mut self, field: &mut Field<'a>) -> Option<()> {
        if field.0.is_some() {
            return None;
        }
        let start = self.at();
        let value = if self.peek()? == b'"' && self.skip_text()? {
            Value::Text(self.text.get(start + 1..self.at() - 1)?)
        } else {
            // an escaped text has been passed already
            if self.at() == start {
                self.skip()?;
            }
            Value::Json(self.text.get(start..self.at())?)
        };
        field.0 = Some(value);
        Some(())
    }

    /// Passes over a value nobody wants.
    #[inline]
    fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_text().map(drop),
            b'{' | b'[' => self.skip_nested(),
            _ => self.skip_word(),
        }
    }

    /// Passes over an object or array, level by level without recursion.
    fn skip_nested(&mut self) -> Option<()> {
        // the innermost open bracket is the lowest bit, set if it is an object's
        let (mut objects, mut depth) = (0u64, 0u32);
        loop {
            match self.peek()? {
                b'"' => drop(self.skip_text()?),
                opening @ (b'{' | b'[') => {
                    let is_object = opening == b'{';
                    self.take()?;
                    self.skip_blanks();
                    if !self.accept(if is_object { b'}' } else { b']' }) {
                        if depth == DEPTH_MAX {
                            return None;
                        }
                        (objects, depth) = (objects << 1 | u64::from(is_object), depth + 1);
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => self.skip_word()?,
            }
            // after a value: ends whatever ends with it
            loop {
                if depth == 0 {
                    return Some(());
                }
                let in_object = objects & 1 == 1;
                self.skip_blanks();
                match self.take()? {
                    b',' => {
                        self.skip_blanks();
                        if in_object {
                            self.name()?;
                        }
                        break;
                    }
                    closing if closing == if in_object { b'}' } else { b']' } => (objects, depth) = (objects >> 1, depth - 1),
                    _ => return None,
                }
            }
        }
    }

    /// A field's name and the colon, of no interest.
    fn name(&mut self) -> Option<()> {
        self.skip_text()?;
        self.colon()
    }

    #[inline(always)]
    fn colon(&mut self) -> Option<()> {
        self.skip_blanks();
        self.require(b':')?;
        self.skip_blanks();
        Some(())
    }

    /// Passes over a quoted text; whether it has no escapes.
    #[inline(always)]
    fn skip_text(&mut self) -> Option<bool> {
        self.require(b'"')?;
        self.rest = from_special(self.rest);
        if self.accept(b'"') {
            return Some(true);
        }
        self.skip_escaped().map(|()| false)
    }

    /// The rest of a text from its first escape on. Of an escape the form is checked and not the meaning, as serde skips it.
    #[cold]
    fn skip_escaped(&mut self) -> Option<()> {
        while !self.accept(b'"') {
            self.require(b'\\')?;
            match self.take()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    for _ in 0..4 {
                        self.take().filter(u8::is_ascii_hexdigit)?;
                    }
                }
                _ => return None,
            }
            self.rest = from_special(self.rest);
        }
        Some(())
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn skip_word(&mut self) -> Option<()> {
        match self.peek()? {
            b't' => self.require_all("true"),
            b'f' => self.require_all("false"),
            b'n' => self.require_all("null"),
            _ => self.skip_number(),
        }
    }

    fn skip_number(&mut self) -> Option<()> {
        self.accept(b'-');
        if !self.accept(b'0') {
            self.skip_digits()?;
        }
        if self.accept(b'.') {
            self.skip_digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            let _signed = self.accept(b'+') || self.accept(b'-');
            self.skip_digits()?;
        }
        Some(())
    }

    /// At least one.
    #[inline]
    fn skip_digits(&mut self) -> Option<()> {
        self.take().filter(u8::is_ascii_digit)?;
        let mut rest = self.rest;
        while let [b'0'..=b'9', behind @ ..] = rest {
            rest = behind;
        }
        self.rest = rest;
        Some(())
    }

    /// Programs write none: so one look is nearly always enough.
    #[inline(always)]
    fn skip_blanks(&mut self) {
        if let [..=b' ', ..] = self.rest {
            self.skip_all_blanks();
        }
    }

    #[cold]
    fn skip_all_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[inline(always)]
    fn take(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    #[inline(always)]
    fn accept(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn require(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    fn require_all(&mut self, word: &str) -> Option<()> {
        word.bytes().try_for_each(|byte| self.require(byte))
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const WORD_BYTES: usize = size_of::<u64>();

/// The bytes from the first `"`, `\` or control character on; none if there is none. Looks at eight bytes at a time.
#[inline]
fn from_special(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<WORD_BYTES>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return &rest[(special.trailing_zeros() / u8::BITS) as usize..];
        }
        rest = behind;
    }
    let ordinary = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..b' ')).count();
    &rest[ordinary..]
}

/// The high bit of every special byte, by Mycroft's test for bytes below a bound. A borrow may set that of bytes above the first special
/// one, never below it.
#[inline]
fn special_bytes(word: u64) -> u64 {
    // flipping this bit puts `"` in the place of the blank, next to the control characters
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGH_BITS
}
