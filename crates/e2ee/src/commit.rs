//! Commits: made from claims and staged, and others' judged by the claims of their act before they are merged.
use openmls::framing::{ContentType, ProcessedMessageContent, Sender};
use openmls::group::{MlsGroup, StagedCommit};
use openmls::key_packages::KeyPackage;
use openmls::prelude::OpenMlsProvider;
use serde::Deserialize;

use crate::chain::Credential;
use crate::claims::{ADDS_MAX, Add, Because, Claims, Facts, KEY_PACKAGE_BYTES_MAX, Knock, Remove, breach};
use crate::error::{Code, Error, Result};
use crate::group::{Advance, Group, index};
use crate::heads::Heads;
use crate::judgement::{self, Roster, chain_of};
use crate::mls;
use crate::storage::Blocked;
use crate::strict::{Hash, Thumbprint, unb64u};

/// What a commit should do. An empty plan is an update: a path alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Knocks to be added; their key packages are in the facts.
    #[serde(default)]
    pub adds: Vec<PlannedAdd>,
    /// Devices to be removed.
    #[serde(default)]
    pub removes: Vec<PlannedRemove>,
    /// The item that the commit opens.
    #[serde(default)]
    pub item: Option<String>,
}

/// A device to be added.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedAdd {
    /// The device.
    pub device: Thumbprint,
    /// Its knock.
    pub knock: Hash,
    /// What admits it.
    pub admit: Hash,
}

/// A device to be removed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRemove {
    /// The device.
    pub device: Thumbprint,
    /// Why.
    pub because: Because,
    /// By which act.
    #[serde(default)]
    pub cites: Option<Hash>,
}

/// A staged commit: what its act carries, and the Welcome that is uploaded before it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// The body of the `mls.commit` act, compact JSON.
    pub claims: String,
    /// The Welcome for all that it adds, an MLSMessage.
    pub welcome: Option<Vec<u8>>,
}

fn planned<'a>(add: &PlannedAdd, facts: &'a Facts) -> Result<&'a Knock> {
    facts.knocks.get(&add.knock).ok_or_else(|| Error::new(Code::Malformed, "a planned knock is not in the facts"))
}

impl Group {
    /// Whether a knock can be added: its chain, its key package, and that both are one device's. Names who knocked if not.
    pub fn inspect(&self, knock: &Knock, facts: &Facts) -> Result<Credential> {
        self.read_knock(knock, facts)
    }

    fn read_package(&self, knock: &Knock) -> Result<KeyPackage> {
        let message = unb64u(&knock.key_package).filter(|message| message.len() <= KEY_PACKAGE_BYTES_MAX);
        let package = message.and_then(|message| mls::read_key_package(&self.provider, &message));
        let reason = "its key package is none of this suite, or not valid now";
        package.ok_or_else(|| Error::rule(Code::KnockRefused, "CLAIM-11", reason).by(&knock.device))
    }

    fn read_knock(&self, knock: &Knock, facts: &Facts) -> Result<Credential> {
        let refuse = |rule, reason: &str| Error::rule(Code::KnockRefused, rule, reason).by(&knock.device);
        let package = self.read_package(knock)?;
        let added = mls::added(&package)?;
        let place = self.place()?;
        let credential = chain_of(&added.identity, &added.signature_key, &self.trust, place, facts)
            .map_err(|error| refuse(error.rule.unwrap_or("CLAIM-12"), &error.reason))?;
        if credential.device != knock.device || added.identity != knock.chain.as_bytes() {
            return Err(refuse("CLAIM-12", "its key package is another chain's than the knock's"));
        }
        if !judgement::fits(&added, &credential) {
            return Err(refuse("CLAIM-12", "its key package outlives its statement, or has extensions"));
        }
        Ok(credential)
    }

    /// Stage a commit of one's own, judged as the others will judge it. Save, then post; `process` merges it when it is accepted.
    pub fn commit(&mut self, plan: &Plan, facts: &Facts, heads: &Heads) -> Result<Draft> {
        for add in &plan.adds {
            self.read_knock(planned(add, facts)?, facts)?;
        }
        let (claims, welcome) = self.draft(plan, facts, heads)?;
        if let Err(error) = self.check_own(&claims, facts, heads) {
            self.discard()?;
            return Err(error);
        }
        self.keep(&claims, welcome)
    }

    /// A commit that nobody judged: what a colluding member of the tests makes. An honest one has no use of it, since all
    /// others refuse what `commit` would have refused.
    pub fn commit_unjudged(&mut self, plan: &Plan, facts: &Facts, heads: &Heads) -> Result<Draft> {
        let (claims, welcome) = self.draft(plan, facts, heads)?;
        self.keep(&claims, welcome)
    }

    fn draft(&mut self, plan: &Plan, facts: &Facts, heads: &Heads) -> Result<(Claims, Option<Vec<u8>>)> {
        self.sound()?;
        if self.pending.is_some() {
            return Err(Error::new(Code::CommitPending, "a commit of our own waits for its verdict"));
        }
        if plan.adds.len() > ADDS_MAX {
            return Err(Error::new(Code::LimitReached, "a commit has at most 30 adds"));
        }
        let mut packages = Vec::with_capacity(plan.adds.len());
        for add in &plan.adds {
            packages.push(self.read_package(planned(add, facts)?)?);
        }
        let (removes, adds) = self.place_claims(plan)?;
        let leaves: Vec<u32> = removes.iter().map(|remove| remove.leaf).collect();
        let epoch = self.epoch()?;
        let place = self.place()?;
        let (message, welcome) = self.stage(packages, &leaves, heads)?;
        let claims = Claims {
            group: place.group,
            epoch,
            welcome: welcome.as_deref().map(Hash::of),
            message,
            adds,
            removes,
            item: plan.item.clone(),
        };
        Ok((claims, welcome))
    }

    fn keep(&mut self, claims: &Claims, welcome: Option<Vec<u8>>) -> Result<Draft> {
        let body = claims.to_json()?;
        self.pending = Some((claims.hash(), body.clone()));
        Ok(Draft { claims: body, welcome })
    }

    /// The claims of a plan: which leaf each removal frees, and which each add takes.
    fn place_claims(&self, plan: &Plan) -> Result<(Vec<Remove>, Vec<Add>)> {
        let mut taken: std::collections::BTreeSet<u32> = self.roster.keys().copied().collect();
        let mut removes = Vec::new();
        for remove in &plan.removes {
            let leaf = self
                .leaf_of(&remove.device)
                .ok_or_else(|| Error::new(Code::NotOnRoster, "who is to be removed is not on the roster"))?;
            taken.remove(&leaf);
            removes.push(Remove { device: remove.device, leaf, because: remove.because, cites: remove.cites });
        }
        let mut adds = Vec::new();
        for add in &plan.adds {
            let leaf = (0..).find(|leaf| !taken.contains(leaf)).unwrap_or(u32::MAX);
            taken.insert(leaf);
            adds.push(Add { device: add.device, leaf, knock: add.knock, admit: add.admit });
        }
        Ok((removes, adds))
    }

    fn stage(
        &mut self,
        packages: Vec<KeyPackage>,
        removes: &[u32],
        heads: &Heads,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>)> {
        let Self { group: Some(group), provider, signer, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        let refused = |_| Error::internal("the commit could not be built");
        group.set_aad(heads.to_aad());
        let bundle = group
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(true)
            .propose_removals(removes.iter().copied().map(index))
            .propose_adds(packages)
            .load_psks(provider.storage())
            .map_err(refused)?
            .create_group_info(false)
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(refused)?
            .stage_commit(provider)
            .map_err(|_| Error::internal("the commit could not be staged"))?;
        let welcome = bundle.to_welcome_msg().map(|welcome| mls::bytes(&welcome)).transpose()?;
        Ok((mls::bytes(bundle.commit())?, welcome))
    }

    fn check_own(&self, claims: &Claims, facts: &Facts, heads: &Heads) -> Result<Roster> {
        let group = self.member()?;
        let device = self.device.ok_or_else(|| Error::internal("a member has a device"))?;
        let staged = group.pending_commit().ok_or_else(|| Error::internal("a staged commit is pending"))?;
        let effect = mls::effect(staged, group.own_leaf_index().u32(), &heads.to_aad())?;
        judgement::judge(&self.roster, &device, &effect, claims, facts, &self.trust, self.place()?)
    }

    /// Drop the pending commit: the server refused it for good. A lost race needs no call: `process` drops it.
    pub fn discard(&mut self) -> Result<()> {
        self.pending = None;
        match &mut self.group {
            Some(group) => {
                group.clear_pending_commit(self.provider.storage()).map_err(|_| Error::internal("the store failed"))
            }
            None => Ok(()),
        }
    }

    /// An accepted commit of the journal, one's own too: judged by its act's claims at its place, then merged; or refused, and
    /// the group blocked, with the author named.
    pub fn process(&mut self, author: &Thumbprint, body: &[u8], facts: &Facts) -> Result<Advance> {
        self.sound()?;
        let epoch = self.epoch()?;
        match self.step(author, body, facts, epoch) {
            Err(error) if matches!(error.code, Code::CommitBreach | Code::CommitStale) => {
                let rule = error.rule.unwrap_or_default().to_owned();
                self.blocked = Some(Blocked { rule, author: *author, epoch });
                Err(error.by(author))
            }
            Err(error) => Err(error.by(author)),
            Ok(advance) => Ok(advance),
        }
    }

    fn step(&mut self, author: &Thumbprint, body: &[u8], facts: &Facts, epoch: u64) -> Result<Advance> {
        let claims = Claims::parse(body)?;
        let place = self.place()?;
        if claims.group != place.group {
            return Err(Error::new(Code::OtherGroup, "the commit is of another group"));
        }
        match claims.epoch.cmp(&epoch) {
            std::cmp::Ordering::Less => {
                return Err(Error::new(Code::EpochPast, "the commit leaves an epoch that is over"));
            }
            std::cmp::Ordering::Greater => {
                return Err(Error::new(Code::EpochFuture, "the commit leaves an epoch that has not come"));
            }
            std::cmp::Ordering::Equal => {}
        }
        if self.device == Some(*author) {
            self.merge_own(&claims, facts)
        } else {
            self.merge_other(author, &claims, facts)
        }
    }

    fn merge_own(&mut self, claims: &Claims, facts: &Facts) -> Result<Advance> {
        if self.pending() != Some(claims.hash()) {
            return Err(Error::new(Code::CommitLost, "our own commit's secrets are not here"));
        }
        let mls_message =
            mls::read_private(&claims.message).ok_or_else(|| breach("CLAIM-1", "its message is no PrivateMessage"))?;
        let openmls::prelude::ProtocolMessage::PrivateMessage(private) = &mls_message else {
            return Err(breach("CLAIM-1", "its message is no PrivateMessage"));
        };
        let heads = Heads::from_aad(private.aad())
            .ok_or_else(|| breach("CLAIM-6", "its authenticated data is not two heads"))?;
        let after = self.check_own(claims, facts, &heads)?;
        let Self { group: Some(group), provider, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        group.merge_pending_commit(provider).map_err(|_| Error::internal("the commit could not be merged"))?;
        self.pending = None;
        let author = self.device.ok_or_else(|| Error::internal("a member has a device"))?;
        self.advance(author, claims, after, Some(heads), false)
    }

    fn merge_other(&mut self, author: &Thumbprint, claims: &Claims, facts: &Facts) -> Result<Advance> {
        let place = self.place()?;
        let message =
            mls::read_private(&claims.message).ok_or_else(|| breach("CLAIM-1", "its message is no PrivateMessage"))?;
        let is_here = message.group_id().as_slice() == place.group.0 && message.epoch().as_u64() == claims.epoch;
        if !is_here {
            return Err(breach("CLAIM-2", "its message is of another group or epoch than its act"));
        }
        if message.content_type() != ContentType::Commit {
            return Err(breach("CLAIM-4", "its message is no commit"));
        }
        let lost = self.pending.is_some();
        self.discard()?;
        let Self { group: Some(group), provider, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        let processed = group
            .process_message(provider, message)
            .map_err(|_| Error::new(Code::CommitUnprocessable, "MLS refuses the commit"))?;
        let Sender::Member(sender) = *processed.sender() else {
            return Err(breach("CLAIM-3", "the commit's sender is no member"));
        };
        let aad = processed.aad().to_vec();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(breach("CLAIM-4", "its message is no commit"));
        };
        let after = judge_staged(&self.roster, author, &staged, sender.u32(), &aad, claims, facts, self)?;
        let Self { group: Some(group), provider, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        group.merge_staged_commit(provider, *staged).map_err(|_| Error::internal("the commit could not be merged"))?;
        self.advance(*author, claims, after, Heads::from_aad(&aad), lost)
    }

    /// The roster and the answer after a merge. That the tree is the roster that was judged is asserted: it is what the check
    /// is worth.
    fn advance(
        &mut self,
        author: Thumbprint,
        claims: &Claims,
        after: Roster,
        heads: Option<Heads>,
        lost: bool,
    ) -> Result<Advance> {
        let group = self.group.as_ref().ok_or_else(|| Error::internal("a member has a group"))?;
        if group.is_active() && !is_roster(group, &after) {
            let rule = "CLAIM-10";
            self.blocked = Some(Blocked { rule: rule.to_owned(), author, epoch: claims.epoch });
            return Err(breach(rule, "the tree after the commit is not the roster that was judged"));
        }
        self.roster = after;
        self.is_loaded = false;
        Ok(Advance {
            epoch: claims.epoch + 1,
            author,
            own: self.device == Some(author),
            lost,
            adds: claims.adds.clone(),
            removes: claims.removes.clone(),
            item: claims.item.clone(),
            removed: !group.is_active(),
            heads,
        })
    }
}

#[allow(clippy::too_many_arguments)] // one call, in one place
fn judge_staged(
    roster: &Roster,
    author: &Thumbprint,
    staged: &StagedCommit,
    sender: u32,
    aad: &[u8],
    claims: &Claims,
    facts: &Facts,
    group: &Group,
) -> Result<Roster> {
    let effect = mls::effect(staged, sender, aad)?;
    judgement::judge(roster, author, &effect, claims, facts, &group.trust, group.place()?)
}

/// Whether the tree's leaves are this roster: the same leaves, identities and keys.
pub(crate) fn is_roster(group: &MlsGroup, roster: &Roster) -> bool {
    let mut count = 0;
    group.members().all(|member| {
        count += 1;
        roster.get(&member.index.u32()).is_some_and(|seated| {
            seated.signature_key == member.signature_key
                && mls::identity(&member.credential).as_ref() == Some(&seated.identity)
        })
    }) && count == roster.len()
}
