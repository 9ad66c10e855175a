//! Why not: one error with a stable code, for both bindings.
use std::fmt;

use crate::strict::Thumbprint;

/// Stable codes; registered once, never reused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// Input that is not of its form.
    Malformed,
    /// A chain that the validator refuses; `rule` is its `CHAIN-n`.
    ChainRefused,
    /// The call does not fit the group's phase: no leaf yet, not joined, left.
    WrongPhase,
    /// A breach was seen: nothing is sent or exported in this group any more.
    Blocked,
    /// The state was loaded: a commit must begin a new epoch before anything is sent (no ratchet is used twice).
    UpdateFirst,
    /// A commit of one's own waits for its verdict.
    CommitPending,
    /// The entry is about another group.
    OtherGroup,
    /// The commit leaves an epoch that is over.
    EpochPast,
    /// The commit leaves an epoch that has not come.
    EpochFuture,
    /// The commit lacks a removal that is due at its place; nobody merges it. It names its author, and is no breach by itself.
    CommitStale,
    /// The commit does not do what its act says, or what it does is not allowed; `rule` is `CLAIM-n`, `author` who sent it.
    CommitBreach,
    /// MLS refuses the commit, here at least: knock again.
    CommitUnprocessable,
    /// One's own commit came back, and its secrets are not here: knock again.
    CommitLost,
    /// A knock that can't be admitted; `author` is who knocked, `rule` what is wrong with it.
    KnockRefused,
    /// A Welcome that is not the roster that the claims fold to; `rule` is `WELCOME-n`.
    WelcomeRefused,
    /// A message that can't be opened, was opened before, or is nobody's on the roster.
    MessageUnreadable,
    /// A device that is not on the roster.
    NotOnRoster,
    /// No key of this item is here.
    ItemKeyUnknown,
    /// A sealed body that its key does not open.
    SealBroken,
    /// A saved state that can't be read, or is of another meeting or sitting.
    StateUnreadable,
    /// More than a limit allows.
    LimitReached,
    /// Our own fault, or the random source's.
    Internal,
}

impl Code {
    /// The code as it stands in refusals and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "form.malformed",
            Self::ChainRefused => "chain.refused",
            Self::WrongPhase => "group.wrong_phase",
            Self::Blocked => "group.blocked",
            Self::UpdateFirst => "group.update_first",
            Self::CommitPending => "commit.pending",
            Self::OtherGroup => "commit.other_group",
            Self::EpochPast => "commit.epoch_past",
            Self::EpochFuture => "commit.epoch_future",
            Self::CommitStale => "commit.stale",
            Self::CommitBreach => "commit.breach",
            Self::CommitUnprocessable => "commit.cannot_process",
            Self::CommitLost => "commit.lost",
            Self::KnockRefused => "knock.refused",
            Self::WelcomeRefused => "welcome.refused",
            Self::MessageUnreadable => "message.unreadable",
            Self::NotOnRoster => "roster.unknown_device",
            Self::ItemKeyUnknown => "item.key_unknown",
            Self::SealBroken => "item.seal_broken",
            Self::StateUnreadable => "state.unreadable",
            Self::LimitReached => "limit.reached",
            Self::Internal => "core.internal",
        }
    }
}

/// A refusal: code, what is so, and, for a breach, which rule and by whom. Its text holds no content and no key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What is so, for a log and for a developer.
    pub reason: String,
    /// The number of the check that fired: `CHAIN-4`, `CLAIM-8`, `WELCOME-3`.
    pub rule: Option<&'static str>,
    /// The device that sent what was refused, where one is known.
    pub author: Option<Thumbprint>,
}

/// What all of the core returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(code: Code, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), rule: None, author: None }
    }

    pub(crate) fn rule(code: Code, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), rule: Some(rule), author: None }
    }

    pub(crate) fn by(mut self, author: &Thumbprint) -> Self {
        self.author = Some(*author);
        self
    }

    /// For a library's error: its name only, since its text may hold input.
    pub(crate) fn internal(what: &'static str) -> Self {
        Self::new(Code::Internal, what)
    }

    /// The error in JSON, as both bindings hand it over: `{code, reason, rule, author}`.
    pub fn to_json(&self) -> String {
        serde_json::json!({
            "code": self.code.as_str(),
            "reason": self.reason,
            "rule": self.rule,
            "author": self.author.map(|author| author.to_string()),
        })
        .to_string()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.reason)?;
        if let Some(rule) = self.rule {
            write!(f, " ({rule})")?;
        }
        if let Some(author) = &self.author {
            write!(f, " by {author}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
