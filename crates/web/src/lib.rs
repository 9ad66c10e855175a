//! The member's core for the page: wasm-bindgen over `incamera-e2ee`, nothing else. It runs in a Worker.
//!
//! Structured values are JSON, bytes are bytes, times are numbers of milliseconds. A refusal is an `Error` whose message is
//! `{code, reason, rule, author}`. A panic ends the instance: the Worker loads the saved state into a new one.
#![forbid(unsafe_code)]

use incamera_e2ee::committer::{self, Committer};
use incamera_e2ee::heads::{Journal, Ledger};
use incamera_e2ee::heartbeat::Heartbeat;
use incamera_e2ee::json::{self, from_json, to_json};
use incamera_e2ee::liveness::Liveness;
use incamera_e2ee::messages::ItemKeys;
use incamera_e2ee::strict::{Hash, SittingId, Thumbprint, b64u, unb64u};
use incamera_e2ee::words::Language;
use incamera_e2ee::{Code, Error, Group, Result};
use wasm_bindgen::prelude::*;

type Answer<T> = std::result::Result<T, JsError>;

fn refused(error: &Error) -> JsError {
    JsError::new(&error.to_json())
}

fn answer<T>(result: Result<T>) -> Answer<T> {
    result.map_err(|error| refused(&error))
}

fn malformed(what: &str) -> JsError {
    refused(&Error { code: Code::Malformed, reason: format!("not {what}"), rule: None, author: None })
}

fn device(text: &str) -> Answer<Thumbprint> {
    Thumbprint::parse(text).ok_or_else(|| malformed("a device's thumbprint"))
}

fn sitting_id(text: &str) -> Answer<SittingId> {
    SittingId::parse(text).ok_or_else(|| malformed("a sitting's id"))
}

/// JavaScript's numbers are exact below 2^53, and its times are far below.
fn milliseconds(time: f64) -> u64 {
    time as u64
}

/// A staged commit: the act's body, and the Welcome that is uploaded before it.
#[wasm_bindgen]
pub struct Draft {
    claims: String,
    welcome: Option<Vec<u8>>,
}

#[wasm_bindgen]
impl Draft {
    /// The body of the `mls.commit` act, JSON.
    #[wasm_bindgen(getter)]
    pub fn claims(&self) -> String {
        self.claims.clone()
    }

    /// The Welcome, where it adds somebody.
    #[wasm_bindgen(getter)]
    pub fn welcome(&self) -> Option<Vec<u8>> {
        self.welcome.clone()
    }
}

/// A message that was opened: `about` is `{leaf, device, epoch, heads}`.
#[wasm_bindgen]
pub struct Opened {
    about: String,
    content: Vec<u8>,
}

#[wasm_bindgen]
impl Opened {
    /// Who sent it, when, and what its author had read; JSON.
    #[wasm_bindgen(getter)]
    pub fn about(&self) -> String {
        self.about.clone()
    }

    /// What it says.
    #[wasm_bindgen(getter)]
    pub fn content(&self) -> Vec<u8> {
        self.content.clone()
    }
}

/// A device's share of one sitting's MLS group (crates/e2ee/src/group.rs has its contract).
#[wasm_bindgen]
pub struct SittingGroup {
    group: Group,
    note: Vec<u8>,
}

#[wasm_bindgen]
impl SittingGroup {
    /// A new leaf.
    pub fn prepare(trust: &str, sitting: &str) -> Answer<SittingGroup> {
        let sitting = sitting_id(sitting)?;
        let group = answer(from_json(trust).and_then(|trust| Group::prepare(trust, sitting, ItemKeys::default())))?;
        Ok(Self { group, note: Vec::new() })
    }

    /// A new leaf that takes this group's item keys along: for the group after a regroup, or a knock after a loss. This group stays.
    pub fn successor(&self, trust: &str, sitting: &str) -> Answer<SittingGroup> {
        let sitting = sitting_id(sitting)?;
        let items = self.group.items().clone();
        let group = answer(from_json(trust).and_then(|trust| Group::prepare(trust, sitting, items)))?;
        Ok(Self { group, note: Vec::new() })
    }

    /// A saved state, already opened.
    pub fn load(blob: &[u8], trust: &str, sitting: &str) -> Answer<SittingGroup> {
        let sitting = sitting_id(sitting)?;
        let (group, note) = answer(from_json(trust).and_then(|trust| Group::load(blob, trust, sitting)))?;
        Ok(Self { group, note })
    }

    /// A new group's id.
    pub fn new_id() -> Answer<String> {
        answer(Group::new_id().map(|id| id.to_string()))
    }

    /// The note that was saved with the state.
    #[wasm_bindgen(getter)]
    pub fn note(&self) -> Vec<u8> {
        self.note.clone()
    }

    /// The whole state, clear: the Worker seals it under the page's non-extractable key.
    pub fn save(&self, note: &[u8]) -> Answer<Vec<u8>> {
        answer(self.group.save(note).map(|blob| blob.to_vec()))
    }

    /// The charter was amended.
    pub fn trust(&mut self, trust: &str) -> Answer<()> {
        answer(from_json(trust).and_then(|trust| self.group.trust(trust)))
    }

    /// The leaf's public key, b64u.
    pub fn leaf_key(&self) -> String {
        self.group.leaf_key()
    }

    /// Found the group that the chain names.
    pub fn found(&mut self, chain: &str, facts: &str) -> Answer<()> {
        answer(from_json(facts).and_then(|facts| self.group.found(chain, &facts)))
    }

    /// The key package of a knock.
    pub fn knock(&mut self, chain: &str, at: f64) -> Answer<Vec<u8>> {
        answer(self.group.knock(chain, milliseconds(at)))
    }

    /// Whose knock this is, if it can be added.
    pub fn inspect(&self, knock: &str, facts: &str) -> Answer<String> {
        answer(from_json(knock).and_then(|knock| to_json(&self.group.inspect(&knock, &from_json(facts)?)?)))
    }

    /// Stage a commit.
    pub fn commit(&mut self, plan: &str, facts: &str, heads: &str) -> Answer<Draft> {
        let draft = from_json(plan).and_then(|plan| self.group.commit(&plan, &from_json(facts)?, &from_json(heads)?));
        answer(draft).map(|draft| Draft { claims: draft.claims, welcome: draft.welcome })
    }

    /// The claims of the pending commit.
    pub fn pending_claims(&self) -> Option<String> {
        self.group.pending_claims().map(str::to_owned)
    }

    /// Drop the pending commit.
    pub fn discard(&mut self) -> Answer<()> {
        answer(self.group.discard())
    }

    /// An accepted commit.
    pub fn process(&mut self, author: &str, claims: &[u8], facts: &str) -> Answer<String> {
        let author = device(author)?;
        answer(from_json(facts).and_then(|facts| to_json(&self.group.process(&author, claims, &facts)?)))
    }

    /// Join by a Welcome.
    pub fn join(&mut self, welcome: &[u8], author: &str, claims: &[u8], facts: &str, roster: &str) -> Answer<String> {
        let author = device(author)?;
        answer(
            from_json::<Vec<_>>(roster)
                .and_then(|roster| to_json(&self.group.join(welcome, &author, claims, &from_json(facts)?, &roster)?)),
        )
    }

    /// A message to the group.
    pub fn encrypt(&mut self, content: &[u8], heads: &str) -> Answer<Vec<u8>> {
        answer(from_json(heads).and_then(|heads| self.group.encrypt(content, &heads)))
    }

    /// Open a message.
    pub fn decrypt(&mut self, message: &[u8]) -> Answer<Opened> {
        let received = answer(self.group.decrypt(message))?;
        Ok(Opened { about: json::received(&received).to_string(), content: received.content.to_vec() })
    }

    /// A heartbeat as a signal.
    pub fn heartbeat(&mut self, beat: &str) -> Answer<Vec<u8>> {
        answer(from_json::<Heartbeat>(beat).and_then(|beat| self.group.heartbeat(&beat)))
    }

    /// Another member's heartbeat: `{received, beat}`, JSON.
    pub fn read_heartbeat(&mut self, message: &[u8]) -> Answer<String> {
        let (received, beat) = answer(self.group.read_heartbeat(message))?;
        Ok(format!(r#"{{"received":{},"beat":{}}}"#, json::received(&received), beat.to_json()))
    }

    /// The message that gives an item's key.
    pub fn send_item_key(&mut self, item: &str, heads: &str) -> Answer<Vec<u8>> {
        answer(from_json(heads).and_then(|heads| self.group.send_item_key(item, &heads)))
    }

    /// Take an item's key: `{item, received}`, JSON.
    pub fn read_item_key(&mut self, message: &[u8]) -> Answer<String> {
        let (item, received) = answer(self.group.read_item_key(message))?;
        Ok(format!(r#"{{"item":"{item}","received":{}}}"#, json::received(&received)))
    }

    /// The items whose keys are here.
    pub fn items(&self) -> Vec<String> {
        self.group.items().items().map(str::to_owned).collect()
    }

    /// A sealed body, JSON.
    pub fn seal(&self, item: &str, kind: &str, plain: &[u8]) -> Answer<String> {
        answer(self.group.seal(item, kind, plain))
    }

    /// What a sealed body says.
    pub fn open(&self, kind: &str, body: &[u8]) -> Answer<Vec<u8>> {
        answer(self.group.open(kind, body).map(|plain| plain.to_vec()))
    }

    /// The eight words.
    pub fn words(&self, language: &str) -> Answer<Vec<String>> {
        let language = Language::parse(language).ok_or_else(|| malformed("a language of the word lists"))?;
        answer(self.group.words(language))
    }

    /// A participant's base key.
    pub fn frame_key(&self, identity: &str) -> Answer<Vec<u8>> {
        answer(self.group.frame_key(identity).map(|key| key.to_vec()))
    }

    /// Where the group stands, JSON.
    pub fn state(&self) -> String {
        json::state(&self.group).to_string()
    }
}

/// Heads of both journals, and forks by name.
#[wasm_bindgen]
#[derive(Default)]
pub struct HeadsLedger {
    ledger: Ledger,
}

#[wasm_bindgen]
impl HeadsLedger {
    /// Nothing was read yet.
    #[wasm_bindgen(constructor)]
    pub fn new() -> HeadsLedger {
        Self::default()
    }

    /// An entry as we were shown it: the forks that it makes visible, JSON. None where its number does not follow.
    pub fn extend(&mut self, is_main: bool, seq: f64, hash: &str) -> Answer<Option<String>> {
        let journal = if is_main { Journal::Main } else { Journal::Sitting };
        let hash = Hash::parse(hash).ok_or_else(|| malformed("a hash"))?;
        let (is_taken, forks) = self.ledger.extend(journal, seq as u64, hash);
        is_taken.then(|| answer(to_json(&forks))).transpose()
    }

    /// What a member testifies to have seen: the forks that it shows, JSON.
    pub fn testify(&mut self, by: &str, heads: &str) -> Answer<String> {
        let by = device(by)?;
        answer(from_json(heads).and_then(|heads| to_json(&self.ledger.testify(by, &heads))))
    }
}

/// Who was heard: whose turn it is to commit, and whether the feed still moves.
#[wasm_bindgen]
pub struct Watch {
    committer: Committer,
    liveness: Liveness,
}

#[wasm_bindgen]
impl Watch {
    /// From the moment at which the member joined.
    #[wasm_bindgen(constructor)]
    pub fn new(now: f64) -> Watch {
        let now = milliseconds(now);
        Self { committer: Committer::new(now), liveness: Liveness::new(now) }
    }

    /// A heartbeat with this nonce was sent.
    pub fn sent(&mut self, now: f64, nonce: &str) -> Answer<()> {
        let nonce = unb64u(nonce).and_then(|nonce| nonce.try_into().ok());
        self.liveness.sent(milliseconds(now), nonce.ok_or_else(|| malformed("a nonce of 8 bytes"))?);
        Ok(())
    }

    /// A leaf's heartbeat came.
    pub fn heard(&mut self, now: f64, own: u32, leaf: u32, beat: &str) -> Answer<()> {
        let beat: Heartbeat = answer(from_json(beat))?;
        self.committer.heard(milliseconds(now), leaf);
        self.liveness.heard(milliseconds(now), own, leaf, &beat);
        Ok(())
    }

    /// Forget a leaf.
    pub fn left(&mut self, leaf: u32) {
        self.committer.left(leaf);
        self.liveness.left(leaf);
    }

    /// Somebody joined us who were alone.
    pub fn accompanied(&mut self, now: f64) {
        self.liveness.accompanied(milliseconds(now));
    }

    /// `alone`, `live`, `stalled` or `stopped`.
    pub fn feed(&self, now: f64, members: usize) -> String {
        self.liveness.feed(milliseconds(now), members).as_str().to_owned()
    }

    /// The last nonce heard of each leaf, b64u, by leaf index.
    pub fn echoes(&self) -> Vec<String> {
        self.liveness.echoes().iter().map(|nonce| b64u(nonce)).collect()
    }

    /// Who was heard within a window.
    pub fn hears(&self, now: f64, window: f64) -> Vec<u32> {
        self.liveness.hears(milliseconds(now), milliseconds(window))
    }

    /// Who was not heard for ten minutes.
    pub fn silent(&self, now: f64, leaves: &[u32]) -> Vec<u32> {
        self.liveness.silent(milliseconds(now), leaves)
    }

    /// From when it is our turn.
    pub fn turn(&self, now: f64, own: u32, leaves: &[u32], leaving: &[u32], since: f64) -> Option<f64> {
        let leaving = leaving.iter().copied().collect();
        let turn = self.committer.turn(milliseconds(now), own, leaves, &leaving, milliseconds(since));
        turn.map(|at| at as f64)
    }
}

/// When a leaf should update next.
#[wasm_bindgen]
pub fn next_update(leaf: u32, joined: f64, updated: Option<f64>) -> f64 {
    committer::next_update(leaf, milliseconds(joined), updated.map(milliseconds)) as f64
}

/// The members' validator of chains, for the fold.
#[wasm_bindgen]
pub fn validate_chain(chain: &str, trust: &str, expected: &str, at: f64) -> Answer<String> {
    answer(json::validate_chain(chain, trust, expected, milliseconds(at)))
}
