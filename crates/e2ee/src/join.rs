//! A newcomer's first look: the Welcome's tree, leaf by leaf, is the roster that the claims fold to, or nothing is joined.
//!
//! A newcomer can't stage the commit that adds it; these checks, WELCOME-1 to WELCOME-6, are what it has instead.
use openmls::group::{GroupContext, StagedWelcome};
use openmls::prelude::{Member, OpenMlsProvider};
use serde::Deserialize;

use crate::chain::{Fact, LeafPlace};
use crate::claims::{Claims, Facts};
use crate::commit::is_roster;
use crate::error::{Code, Error, Result};
use crate::group::{Advance, Group, seated};
use crate::judgement::Roster;
use crate::mls;
use crate::strict::{Hash, Thumbprint};

/// A leaf of the roster that the claims of the journal fold to, after the commit that adds us.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterLeaf {
    /// The leaf's index.
    pub leaf: u32,
    /// The device.
    pub device: Thumbprint,
    /// The time of the entry that added it, ms: its chain is judged by that.
    pub at: u64,
}

fn refuse(rule: &'static str, reason: impl Into<String>) -> Error {
    Error::rule(Code::WelcomeRefused, rule, reason)
}

impl Group {
    /// Join by the Welcome of an accepted commit. `author` and `body` are of its act, `facts` stand at its entry's place.
    ///
    /// After a refusal the group is as before: the key package is not used up, and another Welcome can be looked at.
    pub fn join(
        &mut self,
        welcome: &[u8],
        author: &Thumbprint,
        body: &[u8],
        facts: &Facts,
        roster: &[RosterLeaf],
    ) -> Result<Advance> {
        if self.chain.is_none() || self.group.is_some() {
            return Err(Error::new(Code::WrongPhase, "we have not knocked, or have joined"));
        }
        // Looking consumes the key package in the library's store: go back on a refusal.
        let before =
            self.provider.storage().values.read().map_err(|_| Error::internal("the store's lock is poisoned"))?.clone();
        self.look(welcome, author, body, facts, roster).map_err(|error| {
            if let Ok(mut values) = self.provider.storage().values.write() {
                *values = before;
            }
            error.by(author)
        })
    }

    fn look(
        &mut self,
        welcome: &[u8],
        author: &Thumbprint,
        body: &[u8],
        facts: &Facts,
        roster: &[RosterLeaf],
    ) -> Result<Advance> {
        let claims = Claims::parse(body).map_err(|error| refuse("WELCOME-1", error.reason))?;
        if claims.welcome != Some(Hash::of(welcome)) {
            return Err(refuse("WELCOME-1", "it is not the Welcome that the act names"));
        }
        let message = mls::read_welcome(welcome).ok_or_else(|| refuse("WELCOME-1", "it is no Welcome"))?;
        let staged = StagedWelcome::build_from_welcome(&self.provider, &mls::join_config(), message)
            .and_then(|builder| builder.replace_old_group().build())
            .map_err(|_| refuse("WELCOME-1", "MLS refuses it, or it is for another key package"))?;
        let place = self.place()?;
        check_context(staged.group_context(), &claims, place)?;
        let after = self.check_leaves(&staged, facts, roster)?;
        let sender = after.get(&staged.welcome_sender_index().u32()).map(|seated| seated.credential.device);
        if sender != Some(*author) {
            return Err(refuse("WELCOME-3", "its signer is not the act's author"));
        }
        let own = staged.own_leaf_index().u32();
        let is_own = |leaf: &u32| claims.adds.iter().any(|add| add.leaf == *leaf && Some(add.device) == self.device);
        if Some(own).filter(is_own).is_none()
            || after.get(&own).is_none_or(|seated| seated.signature_key != self.signer.public())
        {
            return Err(refuse("WELCOME-6", "our leaf is not where the act says"));
        }
        let group = staged.into_group(&self.provider).map_err(|_| refuse("WELCOME-1", "MLS refuses it"))?;
        if !is_roster(&group, &after) {
            return Err(refuse("WELCOME-4", "the tree is not the roster that was checked"));
        }
        self.group = Some(group);
        self.roster = after;
        Ok(Advance {
            epoch: claims.epoch + 1,
            author: *author,
            own: false,
            lost: false,
            adds: claims.adds,
            removes: claims.removes,
            item: claims.item,
            removed: false,
            heads: None,
        })
    }

    fn check_leaves(&self, staged: &StagedWelcome, facts: &Facts, roster: &[RosterLeaf]) -> Result<Roster> {
        let place = self.place()?;
        let members: Vec<Member> = staged.members().collect();
        if members.len() != roster.len() {
            return Err(refuse("WELCOME-4", "its tree has another number of leaves than the record"));
        }
        let mut after = Roster::new();
        for member in &members {
            let leaf = member.index.u32();
            let Some(expected) = roster.iter().find(|expected| expected.leaf == leaf) else {
                return Err(refuse("WELCOME-4", "its tree has a leaf that the record does not have"));
            };
            let seated = seated(member, &self.trust).map_err(|error| {
                refuse("WELCOME-5", format!("a leaf's chain is refused by {}", error.rule.unwrap_or("the validator")))
            })?;
            let is_key = seated.credential.leaf_octets().is_some_and(|key| key[..] == *member.signature_key);
            if seated.credential.device != expected.device || !is_key {
                return Err(refuse(
                    "WELCOME-4",
                    "a leaf is another device's, or has another key, than the record says",
                ));
            }
            let holds = seated
                .credential
                .hold(&self.trust, &facts.expected(place))
                .and_then(|()| seated.credential.is_valid(expected.at));
            holds.map_err(|error| {
                refuse("WELCOME-5", format!("a leaf's chain is refused by {}", error.rule.unwrap_or("the validator")))
            })?;
            if !facts.has(&expected.device) {
                return Err(refuse("WELCOME-5", "a leaf's device is not admitted"));
            }
            after.insert(leaf, seated);
        }
        Ok(after)
    }
}

fn check_context(context: &GroupContext, claims: &Claims, place: LeafPlace) -> Result<()> {
    let is_ours = context.group_id().as_slice() == place.group.0
        && claims.group == place.group
        && context.epoch().as_u64() == claims.epoch + 1
        && u16::from(context.ciphersuite()) == mls::SUITE
        && context.extensions().iter().next().is_none();
    if is_ours {
        Ok(())
    } else {
        Err(refuse("WELCOME-2", "its group, epoch, suite or extensions are others than the act's"))
    }
}
