//! The heartbeat: what each member says to all every ten seconds, in an MLS application message that nobody stores.
//!
//! Leaf by leaf, `echoes` and `hears` are addressed by the leaf's index: a blank or unheard leaf has eight zero bytes and a
//! zero bit. MLS pads the message to a multiple of 256 bytes.
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Result};
use crate::heads::Heads;
use crate::strict::{Json, Malformed, Members, b64u, unb64u};

/// A nonce, bytes.
pub const NONCE: usize = 8;
/// Leaves that a heartbeat can speak of: the largest sitting has 500 seats.
const LEAVES_MAX: usize = 1024;
const TRACKS_MAX: usize = 6;
const SSRCS_MAX: usize = 12;

/// A track that the member publishes, as it says itself: the server's word is compared with it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// LiveKit's track id.
    pub sid: String,
    /// `audio` or `video`.
    pub kind: String,
    /// `camera`, `microphone`, `screen_share`, `screen_share_audio`.
    pub source: String,
    /// Its RTP streams.
    pub ssrcs: Vec<u32>,
}

/// What a heartbeat says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The heads that the member has read up to.
    pub heads: Heads,
    /// The round of its group's epoch.
    pub round: u64,
    /// The round whose key it sends media under.
    pub sends_under: u64,
    /// Fresh randomness: who echoes it was reached.
    #[serde(with = "nonce_text")]
    pub nonce: [u8; NONCE],
    /// The last nonce heard of each leaf, by leaf index.
    #[serde(default, with = "nonces_text")]
    pub echoes: Vec<[u8; NONCE]>,
    /// Whom it heard within the window, by leaf index, ascending.
    #[serde(default)]
    pub hears: Vec<u32>,
    /// What it publishes.
    #[serde(default)]
    pub tracks: Vec<Track>,
}

/// As on the wire; members in this order.
#[derive(Serialize)]
struct Wire<'a> {
    v: u8,
    heads: &'a Heads,
    round: u64,
    sends_under: u64,
    nonce: String,
    echoes: String,
    hears: String,
    tracks: &'a [Track],
}

impl Heartbeat {
    /// Compact JSON.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let top = self.hears.iter().max().map_or(0, |leaf| *leaf as usize + 1);
        if self.echoes.len() > LEAVES_MAX || top > LEAVES_MAX || self.tracks.len() > TRACKS_MAX {
            return Err(Error::new(Code::LimitReached, "a heartbeat speaks of fewer leaves and tracks"));
        }
        let mut bitmap = vec![0u8; top.div_ceil(8)];
        for &leaf in &self.hears {
            bitmap[leaf as usize / 8] |= 0x80 >> (leaf % 8);
        }
        let wire = Wire {
            v: 1,
            heads: &self.heads,
            round: self.round,
            sends_under: self.sends_under,
            nonce: b64u(&self.nonce),
            echoes: b64u(self.echoes.as_flattened()),
            hears: b64u(&bitmap),
            tracks: &self.tracks,
        };
        serde_json::to_vec(&wire).map_err(|_| Error::internal("a heartbeat is JSON"))
    }

    /// From what a member sent.
    pub fn decode(data: &[u8]) -> Result<Self> {
        let mut members = Members::load(data)?;
        members.version()?;
        let heads = Heads::read(&mut members, "heads")?;
        let (round, sends_under) = (members.any_integer("round")?, members.any_integer("sends_under")?);
        let nonce = members.octets("nonce", NONCE, NONCE)?;
        let echoes = members.octets("echoes", 0, LEAVES_MAX * NONCE)?;
        let bitmap = members.octets("hears", 0, LEAVES_MAX / 8)?;
        let tracks =
            members.array("tracks", TRACKS_MAX)?.into_iter().map(track).collect::<std::result::Result<_, _>>()?;
        members.end()?;
        if !echoes.len().is_multiple_of(NONCE) {
            return Err(Malformed::new("echoes", "not 8 bytes a leaf").into());
        }
        let hears = (0..bitmap.len() * 8)
            .filter(|leaf| bitmap[leaf / 8] & 0x80 >> (leaf % 8) != 0)
            .map(|leaf| leaf as u32)
            .collect();
        Ok(Self {
            heads,
            round,
            sends_under,
            nonce: fixed(&nonce),
            echoes: echoes.chunks_exact(NONCE).map(fixed).collect(),
            hears,
            tracks,
        })
    }

    /// As the bindings hand it over: nonces in b64u, leaves as numbers.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "heads": self.heads,
            "round": self.round,
            "sends_under": self.sends_under,
            "nonce": b64u(&self.nonce),
            "echoes": self.echoes.iter().map(|nonce| b64u(nonce)).collect::<Vec<_>>(),
            "hears": self.hears,
            "tracks": self.tracks,
        })
    }
}

fn fixed(nonce: &[u8]) -> [u8; NONCE] {
    let mut fixed = [0; NONCE];
    fixed.copy_from_slice(nonce);
    fixed
}

fn track(value: Json) -> std::result::Result<Track, Malformed> {
    let mut members = Members::new(value, "tracks")?;
    let track = Track {
        sid: members.text("sid", 64)?,
        kind: members.text("kind", 16)?,
        source: members.text("source", 32)?,
        ssrcs: members.array("ssrcs", SSRCS_MAX)?.into_iter().map(ssrc).collect::<std::result::Result<_, _>>()?,
    };
    members.end()?;
    Ok(track)
}

fn ssrc(value: Json) -> std::result::Result<u32, Malformed> {
    match value {
        Json::Integer(ssrc) => u32::try_from(ssrc).map_err(|_| Malformed::new("ssrcs", "not 32 bits")),
        _ => Err(Malformed::new("ssrcs", "not a number")),
    }
}

mod nonce_text {
    use super::{NONCE, fixed, unb64u};
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; NONCE], D::Error> {
        let text = String::deserialize(deserializer)?;
        unb64u(&text)
            .filter(|nonce| nonce.len() == NONCE)
            .map(|nonce| fixed(&nonce))
            .ok_or_else(|| D::Error::custom("not a nonce"))
    }
}

mod nonces_text {
    use super::{NONCE, fixed, unb64u};
    use serde::{Deserialize, Deserializer, de::Error};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[u8; NONCE]>, D::Error> {
        let nonces = |text: &String| unb64u(text).filter(|nonce| nonce.len() == NONCE).map(|nonce| fixed(&nonce));
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(nonces)
            .collect::<Option<_>>()
            .ok_or_else(|| D::Error::custom("not nonces"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat() -> Heartbeat {
        Heartbeat {
            heads: Heads::default(),
            round: 3,
            sends_under: 2,
            nonce: [1; 8],
            echoes: vec![[2; 8], [0; 8], [3; 8]],
            hears: vec![0, 2, 17],
            tracks: vec![Track {
                sid: "TR_1".into(),
                kind: "video".into(),
                source: "camera".into(),
                ssrcs: vec![7, u32::MAX],
            }],
        }
    }

    #[test]
    fn a_heartbeat_reads_as_it_was_written() {
        assert_eq!(Heartbeat::decode(&beat().encode().unwrap()).unwrap(), beat());
        let thirty = Heartbeat { echoes: vec![[7; 8]; 30], hears: (0..30).collect(), ..beat() };
        assert!(thirty.encode().unwrap().len() < 768);
    }

    #[test]
    fn anything_else_is_refused() {
        let good = String::from_utf8(beat().encode().unwrap()).unwrap();
        for (from, to) in
            [("\"v\":1", "\"v\":2"), ("\"round\"", "\"rounds\""), ("{\"v\"", "{\"x\":1,\"v\""), ("\"camera\"", "7")]
        {
            assert!(Heartbeat::decode(good.replace(from, to).as_bytes()).is_err(), "{from}");
        }
        assert!(Heartbeat::decode(b"").is_err());
    }
}
