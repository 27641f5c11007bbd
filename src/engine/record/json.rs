//! Records as JSON text, appended to a buffer: names are constants, texts are looked over once and copied whole.
//!
//! A general serializer looks at every byte of every name and text one after the other, which was a sixth of an event's work. What is not
//! plain (escapes, numbers) is the library's. It writes and never fails; it reads nothing back. Used by the records beside it.

/// What has a JSON form.
pub trait Json {
    fn write(&self, out: &mut Vec<u8>);
}

/// `Json` of a struct: its fields, in the order named, under their own names. Those behind a semicolon are options, and left out if `None`.
/// `Written` says the same, for schemas.
macro_rules! json_object {
    ($record:ident $(<$life:lifetime>)? { $($field:ident),+ $(,)? $(; $($rare:ident),+)? }) => {
        impl $crate::engine::record::json::Json for $record $(<$life>)? {
            fn write(&self, out: &mut Vec<u8>) {
                let start = out.len();
                $(
                    out.extend_from_slice(concat!(",\"", stringify!($field), "\":").as_bytes());
                    $crate::engine::record::json::Json::write(&self.$field, out);
                )+
                $($(
                    if let Some(value) = &self.$rare {
                        out.extend_from_slice(concat!(",\"", stringify!($rare), "\":").as_bytes());
                        $crate::engine::record::json::Json::write(value, out);
                    }
                )+)?
                out[start] = b'{'; // in place of the first comma
                out.push(b'}');
            }
        }

        impl $crate::schema::Written for $record $(<$life>)? {
            const ALWAYS: &'static [&'static str] = &[$(stringify!($field)),+];
            const RARELY: &'static [&'static str] = &[$($(stringify!($rare)),+)?];
        }
    };
}
pub(in crate::engine) use json_object;

/// An array.
pub fn write_all<T: Json>(items: impl Iterator<Item = T>, out: &mut Vec<u8>) {
    let start = out.len();
    for item in items {
        out.push(b',');
        item.write(out);
    }
    if out.len() == start {
        out.push(b'[');
    } else {
        out[start] = b'['; // in place of the first comma
    }
    out.push(b']');
}

/// Text of ASCII letters, digits and the like, as enums and ids have it.
pub fn write_plain(text: &[u8], out: &mut Vec<u8>) {
    debug_assert!(!has_escapes(text));
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const WORD_BYTES: usize = size_of::<u64>();

/// Whether JSON writes some byte otherwise than as it is. Looks at eight bytes at a time, the last ones perhaps twice.
fn has_escapes(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<WORD_BYTES>() else {
        return text.iter().any(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\'));
    };
    let mut found = escaped_bytes(u64::from_le_bytes(*last));
    for word in text.as_chunks::<WORD_BYTES>().0 {
        found |= escaped_bytes(u64::from_le_bytes(*word));
    }
    found != 0
}

/// Not 0 if some byte is `"`, `\` or a control character, by Mycroft's test for bytes below a bound.
#[inline]
fn escaped_bytes(word: u64) -> u64 {
    // flipping this bit puts `"` in the place of the blank, next to the control characters
    let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (quote_or_control | backslash) & !word & HIGH_BITS
}

/// Two decimal digits of every number below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < pairs.len() {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// A u64 has as many decimal digits.
pub const DIGITS_MAX: usize = 20;

/// The last two decimal digits of a number.
pub fn pair_of(number: u32) -> [u8; 2] {
    PAIRS[number as usize % 100]
}

/// A number's decimal digits, at the end of a buffer.
pub fn digits_of(mut number: u64, buffer: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut start = DIGITS_MAX;
    while number >= 10 {
        start -= 2;
        [buffer[start], buffer[start + 1]] = PAIRS[(number % 100) as usize];
        number /= 100;
    }
    if number > 0 || start == DIGITS_MAX {
        start -= 1;
        buffer[start] = b'0' + number as u8;
    }
    &buffer[start..]
}

fn write_by_library(value: impl serde::Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &value).expect("invariant: numbers and texts have a JSON form, and a vector takes every byte");
}

impl<T: Json + ?Sized> Json for &T {
    fn write(&self, out: &mut Vec<u8>) {
        (**self).write(out);
    }
}

impl Json for str {
    fn write(&self, out: &mut Vec<u8>) {
        match has_escapes(self.as_bytes()) {
            false => write_plain(self.as_bytes(), out),
            true => write_by_library(self, out),
        }
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: Json> Json for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        write_all(self.iter(), out);
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }
}

impl Json for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Json for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(digits_of(u64::from(*self), &mut [0; DIGITS_MAX]));
    }
}

impl Json for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        if *self < 0 {
            out.push(b'-');
        }
        out.extend_from_slice(digits_of(self.unsigned_abs(), &mut [0; DIGITS_MAX]));
    }
}

impl Json for i128 {
    fn write(&self, out: &mut Vec<u8>) {
        match i64::try_from(*self) {
            Ok(small) => small.write(out),
            Err(_) => write_by_library(self, out),
        }
    }
}

/// `null` where it is not finite.
impl Json for f64 {
    fn write(&self, out: &mut Vec<u8>) {
        write_by_library(self, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Serialize)]
    struct Sample<'a> {
        text: &'a str,
        whole: i64,
        large: i128,
        small: u32,
        part: f64,
        flag: bool,
        absent: Option<&'a str>,
    }
    json_object!(Sample<'_> { text, whole, large, small, part, flag, absent });

    fn text(value: &impl Json) -> String {
        let mut out = b"before".to_vec();
        value.write(&mut out);
        String::from_utf8(out).unwrap().split_off("before".len())
    }

    proptest! {
        #[test]
        fn records_are_written_as_the_library_writes_them(
            name in any::<String>(), whole: i64, large: i128, small: u32, part: f64, flag: bool, absent in any::<Option<String>>(),
        ) {
            let sample = Sample { text: &name, whole, large, small, part, flag, absent: absent.as_deref() };
            prop_assert_eq!(text(&sample), serde_json::to_string(&sample).unwrap());
        }
    }

    #[test]
    fn every_byte_that_needs_an_escape_gets_one() {
        for letter in 0..=0x7f_u8 {
            let letters = format!("a{}b", letter as char);
            assert_eq!(text(&letters.as_str()), serde_json::to_string(&letters).unwrap());
        }
    }

    #[test]
    fn arrays_have_their_items_in_order() {
        let array = |items: &[u32]| {
            let mut out = Vec::new();
            write_all(items.iter().copied(), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!((array(&[]), array(&[7]), array(&[7, 8])), ("[]".to_owned(), "[7]".to_owned(), "[7,8]".to_owned()));
    }
}
