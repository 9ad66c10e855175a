//! The member's core for Python: convert, call, release the GIL. One mutex a group.

use std::sync::{Mutex, MutexGuard};

use incamera_e2ee::committer::{self, Committer};
use incamera_e2ee::heads::{Journal, Ledger};
use incamera_e2ee::heartbeat::Heartbeat;
use incamera_e2ee::json::{self, from_json, to_json};
use incamera_e2ee::liveness::Liveness;
use incamera_e2ee::strict::{Hash, SittingId, Thumbprint, unb64u};
use incamera_e2ee::words::Language;
use incamera_e2ee::{Code, Error, Group, Heads};
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

create_exception!(
    _core,
    E2eeRefused,
    PyException,
    "A refusal of the member's core. Its one argument is JSON: {code, reason, rule, author}."
);

type Opened<'py> = (String, Bound<'py, PyBytes>);

fn refused(error: &Error) -> PyErr {
    E2eeRefused::new_err(error.to_json())
}

fn malformed(what: &str) -> PyErr {
    refused(&Error { code: Code::Malformed, reason: format!("not {what}"), rule: None, author: None })
}

fn device(text: &str) -> PyResult<Thumbprint> {
    Thumbprint::parse(text).ok_or_else(|| malformed("a device's thumbprint"))
}

fn sitting_id(text: &str) -> PyResult<SittingId> {
    SittingId::parse(text).ok_or_else(|| malformed("a sitting's id"))
}

fn state_key(key: &[u8]) -> PyResult<&[u8; 32]> {
    key.try_into().map_err(|_| malformed("a key of 32 bytes"))
}

fn nonce(text: &str) -> PyResult<[u8; 8]> {
    unb64u(text).and_then(|nonce| nonce.try_into().ok()).ok_or_else(|| malformed("a nonce of 8 bytes"))
}

fn locked<T>(mutex: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    // A panic inside leaves a state that nobody should go on with: load the saved one.
    mutex.lock().map_err(|_| {
        refused(&Error {
            code: Code::Internal,
            reason: "the core panicked: load the saved state".into(),
            rule: None,
            author: None,
        })
    })
}

/// A device's share of one sitting's MLS group (crates/e2ee/src/group.rs has its contract).
#[pyclass(frozen)]
pub(crate) struct SittingGroup {
    group: Mutex<Group>,
}

impl SittingGroup {
    fn new(group: Group) -> Self {
        Self { group: Mutex::new(group) }
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(&mut Group) -> incamera_e2ee::Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| call(&mut *locked(&self.group)?).map_err(|error| refused(&error)))
    }
}

#[pymethods]
impl SittingGroup {
    #[staticmethod]
    #[pyo3(signature = (trust, sitting, predecessor=None))]
    fn prepare(py: Python<'_>, trust: &str, sitting: &str, predecessor: Option<&Self>) -> PyResult<Self> {
        let sitting = sitting_id(sitting)?;
        let items =
            predecessor.map(|group| group.with(py, |group| Ok(group.items().clone()))).transpose()?.unwrap_or_default();
        let group = py.detach(|| Group::prepare(from_json(trust)?, sitting, items)).map_err(|error| refused(&error))?;
        Ok(Self::new(group))
    }

    #[staticmethod]
    fn load<'py>(
        py: Python<'py>,
        key: &[u8],
        sealed: &[u8],
        trust: &str,
        sitting: &str,
    ) -> PyResult<(Self, Bound<'py, PyBytes>)> {
        let (key, sitting) = (state_key(key)?, sitting_id(sitting)?);
        let (group, note) = py
            .detach(|| Group::load_sealed(key, sealed, from_json(trust)?, sitting))
            .map_err(|error| refused(&error))?;
        Ok((Self::new(group), PyBytes::new(py, &note)))
    }

    #[staticmethod]
    fn new_id() -> PyResult<String> {
        Group::new_id().map(|id| id.to_string()).map_err(|error| refused(&error))
    }

    fn save<'py>(&self, py: Python<'py>, key: &[u8], note: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let key = state_key(key)?;
        self.with(py, |group| group.save_sealed(key, note)).map(|sealed| PyBytes::new(py, &sealed))
    }

    fn trust(&self, py: Python<'_>, trust: &str) -> PyResult<()> {
        self.with(py, |group| group.trust(from_json(trust)?))
    }

    fn leaf_key(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |group| Ok(group.leaf_key()))
    }

    fn found(&self, py: Python<'_>, chain: &str, facts: &str) -> PyResult<()> {
        self.with(py, |group| group.found(chain, &from_json(facts)?))
    }

    fn knock<'py>(&self, py: Python<'py>, chain: &str, at: u64) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.knock(chain, at)).map(|package| PyBytes::new(py, &package))
    }

    fn inspect(&self, py: Python<'_>, knock: &str, facts: &str) -> PyResult<String> {
        self.with(py, |group| to_json(&group.inspect(&from_json(knock)?, &from_json(facts)?)?))
    }

    #[pyo3(signature = (plan, facts, heads, *, judged=true))]
    fn commit<'py>(
        &self,
        py: Python<'py>,
        plan: &str,
        facts: &str,
        heads: &str,
        judged: bool,
    ) -> PyResult<(String, Option<Bound<'py, PyBytes>>)> {
        let draft = self.with(py, |group| {
            let (plan, facts, heads) = (from_json(plan)?, from_json(facts)?, from_json(heads)?);
            if judged { group.commit(&plan, &facts, &heads) } else { group.commit_unjudged(&plan, &facts, &heads) }
        })?;
        Ok((draft.claims, draft.welcome.map(|welcome| PyBytes::new(py, &welcome))))
    }

    fn pending_claims(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.with(py, |group| Ok(group.pending_claims().map(str::to_owned)))
    }

    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, Group::discard)
    }

    fn process(&self, py: Python<'_>, author: &str, claims: &[u8], facts: &str) -> PyResult<String> {
        let author = device(author)?;
        self.with(py, |group| to_json(&group.process(&author, claims, &from_json(facts)?)?))
    }

    fn join(
        &self,
        py: Python<'_>,
        welcome: &[u8],
        author: &str,
        claims: &[u8],
        facts: &str,
        roster: &str,
    ) -> PyResult<String> {
        let author = device(author)?;
        self.with(py, |group| {
            let roster: Vec<_> = from_json(roster)?;
            to_json(&group.join(welcome, &author, claims, &from_json(facts)?, &roster)?)
        })
    }

    fn encrypt<'py>(&self, py: Python<'py>, content: &[u8], heads: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.encrypt(content, &from_json(heads)?)).map(|message| PyBytes::new(py, &message))
    }

    fn decrypt<'py>(&self, py: Python<'py>, message: &[u8]) -> PyResult<Opened<'py>> {
        let received = self.with(py, |group| group.decrypt(message))?;
        Ok((json::received(&received).to_string(), PyBytes::new(py, &received.content)))
    }

    fn heartbeat<'py>(&self, py: Python<'py>, beat: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.heartbeat(&from_json(beat)?)).map(|message| PyBytes::new(py, &message))
    }

    fn read_heartbeat(&self, py: Python<'_>, message: &[u8]) -> PyResult<(String, String)> {
        let (received, beat) = self.with(py, |group| group.read_heartbeat(message))?;
        Ok((json::received(&received).to_string(), beat.to_json().to_string()))
    }

    fn send_item_key<'py>(&self, py: Python<'py>, item: &str, heads: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.send_item_key(item, &from_json(heads)?)).map(|message| PyBytes::new(py, &message))
    }

    fn read_item_key(&self, py: Python<'_>, message: &[u8]) -> PyResult<(String, String)> {
        let (item, received) = self.with(py, |group| group.read_item_key(message))?;
        Ok((item, json::received(&received).to_string()))
    }

    fn items(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        self.with(py, |group| Ok(group.items().items().map(str::to_owned).collect()))
    }

    fn seal(&self, py: Python<'_>, item: &str, kind: &str, plain: &[u8]) -> PyResult<String> {
        self.with(py, |group| group.seal(item, kind, plain))
    }

    fn open<'py>(&self, py: Python<'py>, kind: &str, body: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.open(kind, body)).map(|plain| PyBytes::new(py, &plain))
    }

    fn words(&self, py: Python<'_>, language: &str) -> PyResult<Vec<String>> {
        let language = Language::parse(language).ok_or_else(|| malformed("a language of the word lists"))?;
        self.with(py, |group| group.words(language))
    }

    fn frame_key<'py>(&self, py: Python<'py>, identity: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |group| group.frame_key(identity)).map(|key| PyBytes::new(py, &key[..]))
    }

    fn state(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |group| Ok(json::state(group).to_string()))
    }
}

/// Heads of both journals, and forks by name (crates/e2ee/src/heads.rs).
#[pyclass(frozen)]
pub(crate) struct HeadsLedger {
    ledger: Mutex<Ledger>,
}

#[pymethods]
impl HeadsLedger {
    #[new]
    fn new() -> Self {
        Self { ledger: Mutex::new(Ledger::default()) }
    }

    fn extend(&self, is_main: bool, seq: u64, hash: &str) -> PyResult<(bool, String)> {
        let journal = if is_main { Journal::Main } else { Journal::Sitting };
        let hash = Hash::parse(hash).ok_or_else(|| malformed("a hash"))?;
        let (is_taken, forks) = locked(&self.ledger)?.extend(journal, seq, hash);
        Ok((is_taken, to_json(&forks).map_err(|error| refused(&error))?))
    }

    fn testify(&self, by: &str, heads: &str) -> PyResult<String> {
        let by = device(by)?;
        let heads: Heads = from_json(heads).map_err(|error| refused(&error))?;
        to_json(&locked(&self.ledger)?.testify(by, &heads)).map_err(|error| refused(&error))
    }
}

/// Who was heard: whose turn it is to commit, and whether the feed still moves (committer.rs, liveness.rs).
#[pyclass(frozen)]
pub(crate) struct Watch {
    committer: Mutex<Committer>,
    liveness: Mutex<Liveness>,
}

#[pymethods]
impl Watch {
    #[new]
    fn new(now: u64) -> Self {
        Self { committer: Mutex::new(Committer::new(now)), liveness: Mutex::new(Liveness::new(now)) }
    }

    fn sent(&self, now: u64, nonce_text: &str) -> PyResult<()> {
        let nonce = nonce(nonce_text)?;
        locked(&self.liveness)?.sent(now, nonce);
        Ok(())
    }

    fn heard(&self, now: u64, own: u32, leaf: u32, beat: &str) -> PyResult<()> {
        let beat: Heartbeat = from_json(beat).map_err(|error| refused(&error))?;
        locked(&self.committer)?.heard(now, leaf);
        locked(&self.liveness)?.heard(now, own, leaf, &beat);
        Ok(())
    }

    fn left(&self, leaf: u32) -> PyResult<()> {
        locked(&self.committer)?.left(leaf);
        locked(&self.liveness)?.left(leaf);
        Ok(())
    }

    fn accompanied(&self, now: u64) -> PyResult<()> {
        locked(&self.liveness)?.accompanied(now);
        Ok(())
    }

    fn feed(&self, now: u64, members: usize) -> PyResult<&'static str> {
        Ok(locked(&self.liveness)?.feed(now, members).as_str())
    }

    fn echoes(&self) -> PyResult<Vec<String>> {
        Ok(locked(&self.liveness)?.echoes().iter().map(|nonce| incamera_e2ee::strict::b64u(nonce)).collect())
    }

    fn hears(&self, now: u64, window: u64) -> PyResult<Vec<u32>> {
        Ok(locked(&self.liveness)?.hears(now, window))
    }

    fn silent(&self, now: u64, leaves: Vec<u32>) -> PyResult<Vec<u32>> {
        Ok(locked(&self.liveness)?.silent(now, &leaves))
    }

    fn turn(&self, now: u64, own: u32, leaves: Vec<u32>, leaving: Vec<u32>, since: u64) -> PyResult<Option<u64>> {
        Ok(locked(&self.committer)?.turn(now, own, &leaves, &leaving.into_iter().collect(), since))
    }

    #[staticmethod]
    fn next_update(leaf: u32, joined: u64, updated: Option<u64>) -> u64 {
        committer::next_update(leaf, joined, updated)
    }
}

/// The members' validator of chains, for the auditor's differential tests (crates/e2ee/src/chain.rs).
#[pyfunction]
pub(crate) fn validate_chain(chain: &str, trust: &str, expected: &str, at: u64) -> PyResult<String> {
    json::validate_chain(chain, trust, expected, at).map_err(|error| refused(&error))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SittingGroup>()?;
    module.add_class::<HeadsLedger>()?;
    module.add_class::<Watch>()?;
    module.add("E2eeRefused", module.py().get_type::<E2eeRefused>())?;
    module.add_function(wrap_pyfunction!(validate_chain, module)?)
}
