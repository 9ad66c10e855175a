//! Application messages: heartbeats, item keys, and whatever else members say to one another; each with its author's heads.
use openmls::framing::{ContentType, ProcessedMessageContent};
use openmls::prelude::OpenMlsProvider;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::group::Group;
use crate::heads::Heads;
use crate::heartbeat::Heartbeat;
use crate::messages::{ItemKeys, Place};
use crate::mls;
use crate::strict::{Hash, Thumbprint};

/// An MLS application message, bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// A message that was opened.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its author's leaf, as it is now.
    pub leaf: u32,
    /// Its author's device.
    pub device: Thumbprint,
    /// The epoch that it was sent in: the present one or the one before.
    pub epoch: u64,
    /// What its author had read.
    pub heads: Heads,
    /// What it says.
    pub content: Zeroizing<Vec<u8>>,
}

impl Group {
    /// A message to the group, an MLSMessage, padded to a multiple of 256 bytes.
    pub fn encrypt(&mut self, content: &[u8], heads: &Heads) -> Result<Vec<u8>> {
        self.sound()?;
        if self.is_loaded {
            return Err(Error::new(Code::UpdateFirst, "the state was loaded: a commit must begin a new epoch first"));
        }
        let Self { group: Some(group), provider, signer, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        group.set_aad(heads.to_aad());
        let message = group
            .create_message(provider, signer, content)
            .map_err(|_| Error::internal("the message could not be made"))?;
        let bytes = mls::bytes(&message)?;
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Error::new(Code::LimitReached, "a message is at most 16 KiB"));
        }
        Ok(bytes)
    }

    /// Open a message of a member of the present roster. One's own do not come back through here.
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Received> {
        let unreadable = |reason: &str| Error::new(Code::MessageUnreadable, reason);
        let present = self.epoch()?;
        let Some(private) =
            Some(message).filter(|message| message.len() <= MESSAGE_BYTES_MAX).and_then(mls::read_private)
        else {
            return Err(unreadable("it is no PrivateMessage"));
        };
        // The content type is authenticated as part of the additional data: a handshake can't pass as a message.
        let is_here = self.id().is_some_and(|id| private.group_id().as_slice() == id.0);
        if !is_here || private.content_type() != ContentType::Application {
            return Err(unreadable("it is no application message of this group"));
        }
        let epoch = private.epoch().as_u64();
        if epoch > present {
            return Err(Error::new(Code::EpochFuture, "it is of an epoch that has not come"));
        }
        let Self { group: Some(group), provider, .. } = self else {
            return Err(Error::new(Code::WrongPhase, "we are not in the group"));
        };
        let processed = group
            .process_message(provider, private)
            .map_err(|_| unreadable("it can't be opened, or was opened before"))?;
        let heads =
            Heads::from_aad(processed.aad()).ok_or_else(|| unreadable("its authenticated data is not two heads"))?;
        // Of a past epoch too: who has left since then is nobody whose words count.
        let identity = mls::identity(processed.credential());
        let author = self.roster.iter().find(|(_, seated)| Some(&seated.identity) == identity.as_ref());
        let (leaf, device) = author
            .map(|(leaf, seated)| (*leaf, seated.credential.device))
            .ok_or_else(|| unreadable("its author is not on the roster"))?;
        let ProcessedMessageContent::ApplicationMessage(content) = processed.into_content() else {
            return Err(unreadable("it is one of our own"));
        };
        Ok(Received { leaf, device, epoch, heads, content: Zeroizing::new(content.into_bytes()) })
    }

    /// A heartbeat as a signal.
    pub fn heartbeat(&mut self, beat: &Heartbeat) -> Result<Vec<u8>> {
        self.encrypt(&beat.encode()?, &beat.heads)
    }

    /// Another member's heartbeat.
    pub fn read_heartbeat(&mut self, message: &[u8]) -> Result<(Received, Heartbeat)> {
        let received = self.decrypt(message)?;
        let beat = Heartbeat::decode(&received.content)?;
        Ok((received, beat))
    }

    /// The message that gives an item's key to the group; the key is made if none is here.
    pub fn send_item_key(&mut self, item: &str, heads: &Heads) -> Result<Vec<u8>> {
        self.items.make(item, self.provider.rand())?;
        let content = self.items.content(item, None)?;
        self.encrypt(&content, heads)
    }

    /// Take an item's key from such a message; returns the item and the message's author.
    pub fn read_item_key(&mut self, message: &[u8]) -> Result<(String, Received)> {
        let mut received = self.decrypt(message)?;
        let item = self.items.learn(&received.content)?;
        received.content = Zeroizing::default();
        Ok((item, received))
    }

    /// The items whose keys are here.
    pub fn items(&self) -> &ItemKeys {
        &self.items
    }

    /// A body sealed under an item's key, JSON.
    pub fn seal(&self, item: &str, kind: &str, plain: &[u8]) -> Result<String> {
        self.items.seal(self.at(kind), item, plain, self.provider.rand())
    }

    /// What a sealed body says.
    pub fn open(&self, kind: &str, body: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.items.open(self.at(kind), body)
    }

    /// The hash that a sealed body names its key by.
    pub fn item_key_hash(&self, item: &str) -> Option<Hash> {
        self.items.keys.get(item).and_then(|keys| keys.first()).map(|key| Hash::of(&key[..]))
    }

    fn at<'a>(&self, kind: &'a str) -> Place<'a> {
        Place { meeting: self.trust.meeting, sitting: self.sitting, kind }
    }
}
