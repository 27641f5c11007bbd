//! What reading a JSON object leaves behind: values as they are written, fields that may be absent, objects inside objects.
//!
//! Nothing here has been interpreted; a value is known to be JSON and no more. Absent and `null` are the same: not given. Refuses nothing.
//! Filled by `scan`, or by serde where `scan` gave up; read by `json` and by the files that read wire formats.

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A value as it is written, already known to be JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// A text without escapes, here without its quotes.
    Text(&'a str),
    /// Anything else, `null` too.
    Json(&'a str),
}

impl<'a> Value<'a> {
    /// The value of a piece of JSON, which has no blanks around it.
    fn of(written: &'a str) -> Value<'a> {
        match written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) if !text.contains('\\') => Value::Text(text),
            _ => Value::Json(written),
        }
    }

    /// As it stands in the record.
    pub(super) fn written(self) -> Cow<'a, str> {
        match self {
            Value::Text(text) => format!("\"{text}\"").into(),
            Value::Json(written) => written.into(),
        }
    }
}

/// The value of a field that may be absent. `null` counts as a field all the same: given twice is given twice.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Field<'a>(pub(super) Option<Value<'a>>);

impl<'a> Field<'a> {
    /// The value, unless the field is absent or `null`.
    pub(super) fn given(self) -> Option<Value<'a>> {
        self.0.filter(|value| *value != Value::Json("null"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(deserializer)?;
        Ok(Field(Some(Value::of(raw.get()))))
    }
}

/// For descriptions of what is read, which ask what a field is where it is absent: nothing. No value is ever written again by this.
impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// Something that ought to be an object; all its fields are absent unless it is one.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Nested<T> {
    pub(super) found: Found,
    pub(super) fields: T,
}

/// What stands where an object ought to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Found {
    #[default]
    Nothing,
    Object,
    /// JSON of another type.
    Other,
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NestedVisitor(PhantomData))
    }
}

impl<T> Serialize for Nested<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

struct NestedVisitor<T>(PhantomData<T>);

impl<T: Default> NestedVisitor<T> {
    fn other<E>() -> Result<Nested<T>, E> {
        Ok(Nested { found: Found::Other, fields: T::default() })
    }
}

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for NestedVisitor<T> {
    type Value = Nested<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Nested<T>, A::Error> {
        let fields = T::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Nested { found: Found::Object, fields })
    }

    fn visit_unit<E>(self) -> Result<Nested<T>, E> {
        Ok(Nested::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Nested<T>, E> {
        Self::other()
    }

    fn visit_u64<E>(self, _: u64) -> Result<Nested<T>, E> {
        Self::other()
    }

    fn visit_i64<E>(self, _: i64) -> Result<Nested<T>, E> {
        Self::other()
    }

    fn visit_f64<E>(self, _: f64) -> Result<Nested<T>, E> {
        Self::other()
    }

    fn visit_str<E>(self, _: &str) -> Result<Nested<T>, E> {
        Self::other()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Nested<T>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Self::other()
    }
}
