//! JSON at the bindings' doors: typed values in, typed values out. What comes in here is our own caller's; signed bodies are
//! read by `strict`.
use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chain::{self, Expected, Fact, LeafPlace, Trust};
use crate::error::{Code, Error, Result};
use crate::group::Group;
use crate::sending::Received;
use crate::strict::{Hash, Thumbprint};

/// A value of a caller's JSON. The refusal says where, never what: the text may hold anything.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(Code::Malformed, format!("not of its form at line {}, column {}", error.line(), error.column()))
    })
}

/// A value as JSON.
pub fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| Error::internal("an answer is JSON"))
}

/// What `chain::Expected` borrows, as JSON gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    leaf: Option<LeafPlace>,
    enrolled: Option<BTreeSet<Thumbprint>>,
    #[serde(default)]
    revoked: BTreeSet<Thumbprint>,
}

/// `chain::validate` with JSON: `trust`, and `expected` as `{leaf: {sitting, group} | null, enrolled: [device] | null, revoked}`.
pub fn validate_chain(chain: &str, trust: &str, expected: &str, at: u64) -> Result<String> {
    let trust: Trust = from_json(trust)?;
    let held: Held = from_json(expected)?;
    let expected = Expected {
        leaf: held.leaf,
        enrolled: held.enrolled.as_ref().map(|set| set as &dyn Fact),
        revoked: Some(&held.revoked),
    };
    to_json(&chain::validate(chain, &trust, &expected, at)?)
}

/// A message's author, epoch and heads, without its content.
pub fn received(received: &Received) -> serde_json::Value {
    serde_json::json!({
        "leaf": received.leaf,
        "device": received.device,
        "epoch": received.epoch,
        "heads": received.heads,
    })
}

/// Where a group stands, whole, for a screen or a fold: no secret is in it.
pub fn state(group: &Group) -> serde_json::Value {
    serde_json::json!({
        "phase": group.phase(),
        "group": group.id(),
        "epoch": group.epoch().ok(),
        "leaf": group.leaf().ok(),
        "roster": group.roster(),
        "must_update": group.must_update(),
        "pending": group.pending().map(|hash: Hash| hash.to_string()),
        "blocked": group.blocked(),
    })
}
