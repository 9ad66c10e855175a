//! Strict JSON and base64url: what is signed or hashed reads in one way only (docs/reference/record.md, 0).
//!
//! The mirror of `incamera.accreditation.strict`: duplicate names, floats, negative numbers, integers from 2^53 on, half
//! surrogates, depth over 32 and members that nobody asked for are refused.
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::crypto;

/// How deep arrays and objects may stand in one another: `{}` is 1.
const DEPTH_MAX: usize = 32;
/// Integers are below it: all of them are exact in JavaScript.
const INTEGER_LIMIT: u64 = 1 << 53;

/// Where a value is not of its form, and what was expected.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Malformed {
    /// The member's name; empty for the whole.
    pub at: String,
    /// What was expected.
    pub expected: &'static str,
}

impl Malformed {
    pub(crate) fn new(at: impl Into<String>, expected: &'static str) -> Self {
        Self { at: at.into(), expected }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(self.expected) } else { write!(f, "{}: {}", self.at, self.expected) }
    }
}

impl From<Malformed> for crate::error::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(crate::error::Code::Malformed, malformed.to_string())
    }
}

type Parsed<T> = std::result::Result<T, Malformed>;

/// Bytes as base64url without padding.
pub fn b64u(data: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(data.len().div_ceil(3) * 4);
    for chunk in data.chunks(3) {
        let mut bytes = [0u8; 3];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for position in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * position)) as usize & 63]));
        }
    }
    text
}

/// The bytes of canonical base64url without padding: one text for each value.
pub fn unb64u(text: &str) -> Option<Vec<u8>> {
    let mut data = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0u32;
        for &letter in chunk {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            word = word << 6 | u32::from(value);
        }
        let bytes = match chunk.len() {
            4 => 3,
            3 if word & 0b11 == 0 => 2,
            2 if word & 0b1111 == 0 => 1,
            _ => return None,
        };
        word <<= 6 * (4 - chunk.len());
        data.extend_from_slice(&word.to_be_bytes()[1..=bytes]);
    }
    Some(data)
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// From its canonical text.
            pub fn parse(text: &str) -> Option<Self> {
                Some(Self(unb64u(text)?.try_into().ok()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&b64u(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&b64u(&self.0))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not b64u of ", $bytes, " bytes")))
            }
        }
    };
}

identifier!(
    /// A SHA-256 hash; text: 43 characters.
    Hash, 32
);
identifier!(
    /// A public key's name: RFC 7638, SHA-256. A device is named by its key's.
    Thumbprint, 32
);
identifier!(
    /// A meeting's id: 16 random bytes.
    MeetingId, 16
);
identifier!(
    /// A sitting's id: 16 random bytes.
    SittingId, 16
);
identifier!(
    /// An MLS group's id: 16 random bytes, new at each open and regroup.
    GroupId, 16
);

impl Hash {
    /// SHA-256.
    pub fn of(data: &[u8]) -> Self {
        Self(crypto::sha256(data))
    }
}

/// A strict JSON value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// 0 to 2^53 - 1
    Integer(u64),
    /// A string
    Text(String),
    /// An array
    Array(Vec<Json>),
    /// An object, members in the order given
    Object(Vec<(String, Json)>),
}

/// The value of strict JSON.
pub fn load(data: &[u8]) -> Parsed<Json> {
    let not_json = |_| Malformed::new("", "not strict JSON");
    let text = std::str::from_utf8(data).map_err(|_| Malformed::new("", "not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Nested { depth: 0 }.deserialize(&mut deserializer).map_err(not_json)?;
    deserializer.end().map_err(not_json)?;
    Ok(value)
}

/// Reads one value at a depth.
#[derive(Clone, Copy)]
struct Nested {
    depth: usize,
}

impl Nested {
    fn below<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        if self.depth == DEPTH_MAX { Err(E::custom("deeper than 32")) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict JSON")
    }
    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_u64<E: serde::de::Error>(self, value: u64) -> std::result::Result<Json, E> {
        if value < INTEGER_LIMIT { Ok(Json::Integer(value)) } else { Err(E::custom("an integer not below 2^53")) }
    }
    fn visit_str<E>(self, value: &str) -> std::result::Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> std::result::Result<Json, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(below)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Json, A::Error> {
        let below = self.below()?;
        let mut members = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(serde::de::Error::custom("a name stands twice"));
            }
            members.push((name, map.next_value_seed(below)?));
        }
        Ok(Json::Object(members))
    }
}

/// The members of one object, each to be taken once, by name and type; `end` refuses the rest.
#[derive(Debug)]
pub struct Members {
    left: Vec<(String, Json)>,
}

impl Members {
    /// The members of an object.
    pub fn new(value: Json, at: &str) -> Parsed<Self> {
        match value {
            Json::Object(left) => Ok(Self { left }),
            _ => Err(Malformed::new(at, "not an object")),
        }
    }

    /// The members of a strict JSON object.
    pub fn load(data: &[u8]) -> Parsed<Self> {
        Self::new(load(data)?, "")
    }

    /// A member of any type.
    pub fn take(&mut self, name: &str) -> Parsed<Json> {
        let found =
            self.left.iter().position(|(given, _)| given == name).ok_or_else(|| Malformed::new(name, "missing"))?;
        Ok(self.left.swap_remove(found).1)
    }

    /// A string of 1 to `longest` characters.
    pub fn text(&mut self, name: &str, longest: usize) -> Parsed<String> {
        match self.take(name)? {
            Json::Text(text) if (1..=longest).contains(&text.chars().count()) => Ok(text),
            _ => Err(Malformed::new(name, "not a text of the length allowed")),
        }
    }

    /// An integer between two bounds, both included.
    pub fn integer(&mut self, name: &str, least: u64, most: u64) -> Parsed<u64> {
        match self.take(name)? {
            Json::Integer(value) if (least..=most).contains(&value) => Ok(value),
            _ => Err(Malformed::new(name, "not an integer in its range")),
        }
    }

    /// An integer below 2^53.
    pub fn any_integer(&mut self, name: &str) -> Parsed<u64> {
        self.integer(name, 0, INTEGER_LIMIT - 1)
    }

    /// A leaf's index: 32 bits.
    pub fn leaf(&mut self, name: &str) -> Parsed<u32> {
        let value = self.integer(name, 0, u64::from(u32::MAX >> 1))?;
        u32::try_from(value).map_err(|_| Malformed::new(name, "not a leaf's index"))
    }

    /// A member that has one value only.
    pub fn constant(&mut self, name: &str, expected: &Json) -> Parsed<()> {
        if self.take(name)? == *expected { Ok(()) } else { Err(Malformed::new(name, "not its one value")) }
    }

    /// The version: 1.
    pub fn version(&mut self) -> Parsed<()> {
        self.constant("v", &Json::Integer(1))
    }

    /// Canonical b64u of `least` to `most` bytes.
    pub fn octets(&mut self, name: &str, least: usize, most: usize) -> Parsed<Vec<u8>> {
        match self.take(name)? {
            Json::Text(text) if text.len() <= most * 2 + 4 => unb64u(&text)
                .filter(|data| (least..=most).contains(&data.len()))
                .ok_or_else(|| Malformed::new(name, "not b64u of the length allowed")),
            _ => Err(Malformed::new(name, "not b64u of the length allowed")),
        }
    }

    fn fixed<const N: usize>(&mut self, name: &str) -> Parsed<[u8; N]> {
        self.octets(name, N, N)?.try_into().map_err(|_| Malformed::new(name, "not b64u of the length allowed"))
    }

    /// A SHA-256 hash.
    pub fn hash(&mut self, name: &str) -> Parsed<Hash> {
        Ok(Hash(self.fixed(name)?))
    }
    /// A key's thumbprint.
    pub fn thumbprint(&mut self, name: &str) -> Parsed<Thumbprint> {
        Ok(Thumbprint(self.fixed(name)?))
    }
    /// A meeting's id.
    pub fn meeting(&mut self, name: &str) -> Parsed<MeetingId> {
        Ok(MeetingId(self.fixed(name)?))
    }
    /// A sitting's id.
    pub fn sitting(&mut self, name: &str) -> Parsed<SittingId> {
        Ok(SittingId(self.fixed(name)?))
    }
    /// A group's id.
    pub fn group(&mut self, name: &str) -> Parsed<GroupId> {
        Ok(GroupId(self.fixed(name)?))
    }

    /// A delegation's, seat's or item's id.
    pub fn slug(&mut self, name: &str) -> Parsed<String> {
        match self.take(name)? {
            Json::Text(text) if is_slug(&text) => Ok(text),
            _ => Err(Malformed::new(name, "not an id of a-z, 0-9 and -, 1 to 32 characters")),
        }
    }

    /// An object within. The caller ends it.
    pub fn object(&mut self, name: &str) -> Parsed<Self> {
        Self::new(self.take(name)?, name)
    }

    /// An array of at most `most` values.
    pub fn array(&mut self, name: &str, most: usize) -> Parsed<Vec<Json>> {
        match self.take(name)? {
            Json::Array(values) if values.len() <= most => Ok(values),
            _ => Err(Malformed::new(name, "not an array of the length allowed")),
        }
    }

    /// Null, or what `read` makes of it. The member itself must be there.
    pub fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Self, &str) -> Parsed<T>) -> Parsed<Option<T>> {
        if let Some(found) = self.left.iter().position(|(given, value)| given == name && *value == Json::Null) {
            self.left.swap_remove(found);
            return Ok(None);
        }
        read(self, name).map(Some)
    }

    /// Refuse what nobody took.
    pub fn end(self) -> Parsed<()> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(Malformed::new(name.chars().take(80).collect::<String>(), "not a member of this format"))
            }
        }
    }
}

/// Whether the text may be a delegation's, seat's or item's id.
pub fn is_slug(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_has_one_text_for_each_value() {
        for data in [&b""[..], b"f", b"fo", b"foo", b"foob", &[0xff; 33]] {
            assert_eq!(unb64u(&b64u(data)).as_deref(), Some(data));
        }
        for text in ["Zg==", "Zh", "Zm9=", "Z", "Zm9v+A", "Zm9v/A", "Zm 9"] {
            assert_eq!(unb64u(text), None, "{text}");
        }
    }

    #[test]
    fn json_that_reads_in_two_ways_is_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            "1.0",
            "1e3",
            "-1",
            "-0",
            "9007199254740992",
            "NaN",
            "[1,]",
            "{} {}",
            "01",
            r#""\ud800""#,
            "\u{feff}{}",
            "'a'",
        ] {
            assert!(load(text.as_bytes()).is_err(), "{text}");
        }
        assert!(load(b"\"\xff\"").is_err());
        assert!(load(r#" {"a":[null,true,9007199254740991]} "#.as_bytes()).is_ok());
    }

    #[test]
    fn depth_ends_at_32() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(load(nested(32).as_bytes()).is_ok());
        assert!(load(nested(33).as_bytes()).is_err());
        assert!(load(nested(100_000).as_bytes()).is_err());
    }
}
