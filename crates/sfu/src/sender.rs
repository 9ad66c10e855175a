//! Sends media to one peer: header, seal, straight into its outbox; repeats what is missing; reports what was sent.
//!
//! str0m could do it, with a walk over all of a peer's streams for each packet: with the thirty streams of a full room
//! that cost four times the packet's own work. It keeps ICE, DTLS, data channels and all that comes in.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::media::{Mid, Pt};
use str0m::rtp::{ExtensionValues, Ssrc, VideoOrientation};

use crate::arena::Arena;
use crate::dependency::Dependency;
use crate::header::{Description, Head, Values};
use crate::history::History;
use crate::keyframe::Vp8;
use crate::keys::{Material, plain};
use crate::outbox::{Outbox, Route};
use crate::rewrite::Placed;
use crate::rtcp::{self, SenderReport};
use crate::srtp::{Inbound, Outbound};

/// A stream's packets carry its section's name for so long: until then the receiver has bound its SSRC.
const NAMED: Duration = Duration::from_secs(3);
/// Packets that may be asked for again, at most so many and so old.
const REPEATABLE: (usize, Duration) = (1024, Duration::from_secs(2));
/// Between two repetitions of one packet.
const REPEAT_AFTER: Duration = Duration::from_millis(20);
/// Repetitions may take so much of what is sent (a quarter), and a burst of this many bytes.
const REPEAT_SHARE: u64 = 4;
const REPEAT_BURST: u64 = 100_000;
/// Sender reports go out at this pace: the receiver keeps picture and sound together by them.
const REPORTS: Duration = Duration::from_secs(1);
/// A compound RTCP packet's size, sealed: what every path carries.
const COMPOUND: usize = 1_100;
/// Where reported clocks begin: NTP seconds with the highest bit set (RFC 4330: from 1968 on).
const NTP_BEGIN: u64 = 1 << 31;

/// A subscription's stream of media and, for video, of repetitions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SsrcPair {
    pub(crate) media: Ssrc,
    pub(crate) repair: Option<Ssrc>,
}

/// One packet for one subscriber; the payload is shared by all of them.
pub(crate) struct Outgoing<'a> {
    pub(crate) payload_type: Pt,
    /// Under which it is repeated; None: it is not.
    pub(crate) repair: Option<Pt>,
    pub(crate) placed: Placed,
    pub(crate) marker: bool,
    pub(crate) clock_hz: u32,
    pub(crate) extensions: &'a ExtensionValues,
    pub(crate) payload: &'a Arc<[u8]>,
    pub(crate) vp8: Option<Vp8>,
}

struct Stream {
    pair: SsrcPair,
    description: Description,
    started: Option<Instant>,
    packets: u32,
    octets: u32,
    /// When the newest packet left, its timestamp and clock.
    newest: Option<(Instant, u32, u32)>,
    newest_sequence: u64,
    sent: VecDeque<Sent>,
    repair_sequence: u64,
}

/// A packet that may be asked for again.
struct Sent {
    sequence: u64,
    at: Instant,
    repeated: Option<Instant>,
    placed: Placed,
    vp8: Option<Vp8>,
    marker: bool,
    repair: Pt,
    orientation: Option<VideoOrientation>,
    dependency: Option<Arc<Dependency>>,
    payload: Arc<[u8]>,
}

struct Keyed {
    outbound: Outbound,
    inbound: Inbound,
}

/// All that is sent to one peer.
pub(crate) struct Sender {
    keyed: Option<Keyed>,
    streams: Arena<Stream>,
    by_ssrc: HashMap<u32, u32>,
    /// SSRCs that were ours once: never again, their numbers would repeat.
    retired: HashSet<u32>,
    history: History,
    pub(crate) sent_bytes: u64,
    repeat_credit: u64,
    scratch: Vec<u8>,
    begun: Instant,
    reported: Instant,
}

impl Sender {
    pub(crate) fn new(now: Instant) -> Self {
        Sender {
            keyed: None,
            streams: Arena::default(),
            by_ssrc: HashMap::new(),
            retired: HashSet::new(),
            history: History::default(),
            sent_bytes: 0,
            repeat_credit: REPEAT_BURST,
            scratch: Vec::new(),
            begun: now,
            reported: now,
        }
    }

    /// The handshake's keys. False: of a profile that we don't know.
    pub(crate) fn key(&mut self, material: &Material) -> bool {
        let ciphers = Outbound::new(plain(), material).zip(Inbound::new(plain(), material));
        self.keyed = ciphers.map(|(outbound, inbound)| Keyed { outbound, inbound });
        self.keyed.is_some()
    }

    /// A new stream; None: its SSRC was used before.
    pub(crate) fn open(&mut self, pair: SsrcPair, description: Description) -> Option<u32> {
        let ssrcs = [Some(pair.media), pair.repair];
        if ssrcs.iter().flatten().any(|ssrc| self.retired.contains(&**ssrc) || self.by_ssrc.contains_key(&**ssrc)) {
            return None;
        }
        let slot = self.streams.insert(Stream {
            pair,
            description,
            started: None,
            packets: 0,
            octets: 0,
            newest: None,
            newest_sequence: 0,
            sent: VecDeque::new(),
            repair_sequence: 1,
        });
        self.by_ssrc.insert(*pair.media, slot);
        Some(slot)
    }

    /// What later negotiations changed.
    pub(crate) fn describe(&mut self, slot: u32, description: Description) {
        if let Some(stream) = self.streams.get_mut(slot) {
            stream.description = description;
        }
    }

    /// End a stream: its SSRCs are not used again.
    pub(crate) fn close(&mut self, slot: u32) {
        let Some(stream) = self.streams.take(slot) else { return };
        self.by_ssrc.remove(&*stream.pair.media);
        self.retired.insert(*stream.pair.media);
        self.retired.extend(stream.pair.repair.map(|ssrc| *ssrc));
    }

    /// The section in which a stream goes out.
    pub(crate) fn section(&self, ssrc: u32) -> Option<Mid> {
        let stream = self.streams.get(*self.by_ssrc.get(&ssrc)?)?;
        Some(stream.description.mid)
    }

    /// Seal a packet into the outbox. False: there is no such stream, or no key.
    pub(crate) fn send(
        &mut self,
        outbox: &mut Outbox,
        route: Route,
        slot: u32,
        packet: &Outgoing<'_>,
        now: Instant,
    ) -> bool {
        let Some(stream) = self.streams.get_mut(slot) else { return false };
        let Some(Keyed { outbound, .. }) = &mut self.keyed else { return false };
        let placed = &packet.placed;
        let named = now.saturating_duration_since(*stream.started.get_or_insert(now)) < NAMED;
        let dependency = packet.extensions.user_values.get_arc::<Dependency>();
        let values = Values {
            mid: named,
            arrivals: stream.description.ids.arrivals.map(|_| self.history.number(now)),
            level: packet
                .extensions
                .audio_level
                .map(|level| (level, packet.extensions.voice_activity.unwrap_or(false))),
            orientation: packet.extensions.video_orientation,
            dependency: dependency.as_deref(),
        };
        let payload = patched(&mut self.scratch, packet.payload, packet.vp8, placed);
        let ssrc = *stream.pair.media;
        let head = Head {
            ssrc,
            sequence: placed.sequence as u16,
            timestamp: placed.timestamp,
            marker: packet.marker,
            payload_type: *packet.payload_type,
        };
        let sent = outbox.append(route, |datagrams| {
            let start = datagrams.len();
            head.write(datagrams, &stream.description, &values);
            outbound.seal_rtp(datagrams, start, payload, ssrc, placed.sequence).is_ok()
        });
        let Some(bytes) = sent else { return false };
        self.sent_bytes += bytes as u64;
        self.repeat_credit = (self.repeat_credit + bytes as u64 / REPEAT_SHARE).min(REPEAT_BURST);
        stream.packets = stream.packets.wrapping_add(1);
        stream.octets = stream.octets.wrapping_add(payload.len() as u32);
        if placed.sequence > stream.newest_sequence {
            stream.newest_sequence = placed.sequence;
            stream.newest = Some((now, placed.timestamp, packet.clock_hz));
        }
        if let Some(repair) = packet.repair.filter(|_| stream.pair.repair.is_some()) {
            stream.remember(Sent {
                sequence: placed.sequence,
                at: now,
                repeated: None,
                placed: *placed,
                vp8: packet.vp8,
                marker: packet.marker,
                repair,
                orientation: packet.extensions.video_orientation,
                dependency,
                payload: packet.payload.clone(),
            });
        }
        true
    }

    /// Send again what a client misses (RFC 4588). Returns how many packets.
    pub(crate) fn repeat(
        &mut self,
        outbox: &mut Outbox,
        route: Route,
        ssrc: u32,
        first: u16,
        mask: u16,
        now: Instant,
    ) -> u64 {
        let Some(stream) = self.by_ssrc.get(&ssrc).and_then(|slot| self.streams.get_mut(*slot)) else { return 0 };
        let Some(Keyed { outbound, .. }) = &mut self.keyed else { return 0 };
        let Some(repair_ssrc) = stream.pair.repair else { return 0 };
        let patience = self.history.round_trip().unwrap_or(REPEAT_AFTER).clamp(REPEAT_AFTER, REPEAT_AFTER * 10);
        let mut repeated = 0;
        for step in (0..=16u16).filter(|step| *step == 0 || mask >> (step - 1) & 1 == 1) {
            // Extended to the number that is nearest to the newest.
            let behind = (stream.newest_sequence as u16).wrapping_sub(first.wrapping_add(step)) as i16;
            let Some(sequence) = stream.newest_sequence.checked_add_signed(-i64::from(behind)) else { continue };
            let Ok(place) = stream.sent.binary_search_by_key(&sequence, |sent| sent.sequence) else { continue };
            let sent = &mut stream.sent[place];
            let again = sent.repeated.is_some_and(|at| now.saturating_duration_since(at) < patience);
            if again || self.repeat_credit < sent.payload.len() as u64 {
                continue;
            }
            self.repeat_credit -= sent.payload.len() as u64;
            sent.repeated = Some(now);
            let payload = patched(&mut self.scratch, &sent.payload, sent.vp8, &sent.placed);
            // The original number goes before the payload.
            let mut body = Vec::with_capacity(2 + payload.len());
            body.extend_from_slice(&(sequence as u16).to_be_bytes());
            body.extend_from_slice(payload);
            let values = Values {
                mid: true,
                arrivals: stream.description.ids.arrivals.map(|_| self.history.number(now)),
                level: None,
                orientation: sent.orientation,
                dependency: sent.dependency.as_deref(),
            };
            let head = Head {
                ssrc: *repair_ssrc,
                sequence: stream.repair_sequence as u16,
                timestamp: sent.placed.timestamp,
                marker: sent.marker,
                payload_type: *sent.repair,
            };
            let (index, description) = (stream.repair_sequence, &stream.description);
            stream.repair_sequence += 1;
            let bytes = outbox.append(route, |datagrams| {
                let start = datagrams.len();
                head.write(datagrams, description, &values);
                outbound.seal_rtp(datagrams, start, &body, *repair_ssrc, index).is_ok()
            });
            self.sent_bytes += bytes.unwrap_or(0) as u64;
            repeated += 1;
        }
        repeated
    }

    /// Sender reports, if they are due. Whether anything was put into the outbox.
    pub(crate) fn report(&mut self, outbox: &mut Outbox, route: Route, now: Instant) -> bool {
        let Some(Keyed { outbound, .. }) = &mut self.keyed else { return false };
        if now.saturating_duration_since(self.reported) < REPORTS {
            return false;
        }
        self.reported = now;
        let elapsed = now.saturating_duration_since(self.begun);
        let ntp = ((NTP_BEGIN + elapsed.as_secs()) << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000);
        let mut compound = Vec::with_capacity(COMPOUND);
        let mut written = false;
        let mut flush = |compound: &mut Vec<u8>| {
            if !compound.is_empty() {
                written |= outbox.append(route, |datagrams| outbound.seal_rtcp(datagrams, compound).is_ok()).is_some();
                compound.clear();
            }
        };
        for (_, stream) in self.streams.iter() {
            let Some((at, timestamp, clock_hz)) = stream.newest else { continue };
            let ago = now.saturating_duration_since(at);
            // Who has been silent for long has nothing to be kept together with.
            if ago > REPORTS * 10 {
                continue;
            }
            if compound.len() + SenderReport::BYTES + 84 > COMPOUND {
                flush(&mut compound);
            }
            let ticks = (ago.as_micros() as u64 * u64::from(clock_hz) / 1_000_000) as u32;
            let (ssrc, timestamp) = (*stream.pair.media, timestamp.wrapping_add(ticks));
            SenderReport { ssrc, ntp, timestamp, packets: stream.packets, octets: stream.octets }.write(&mut compound);
            rtcp::write_cname(&mut compound, ssrc, &stream.description.cname);
        }
        flush(&mut compound);
        written
    }

    /// Open an SRTCP datagram; None: it is not authentic, or was heard before.
    pub(crate) fn open_rtcp(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        self.keyed.as_mut()?.inbound.open_rtcp(datagram)
    }

    /// Whether an SRTP packet belongs to a stream of which something authentic came, or is authentic itself.
    pub(crate) fn admits_rtp(&mut self, datagram: &[u8]) -> bool {
        self.keyed.as_mut().is_some_and(|keyed| keyed.inbound.admits_rtp(datagram))
    }

    /// When packets left and what became of them.
    pub(crate) fn history(&mut self) -> &mut History {
        &mut self.history
    }
}

impl Stream {
    fn remember(&mut self, sent: Sent) {
        let now = sent.at;
        match self.sent.back() {
            Some(last) if last.sequence >= sent.sequence => {
                if let Err(place) = self.sent.binary_search_by_key(&sent.sequence, |known| known.sequence) {
                    self.sent.insert(place, sent);
                }
            }
            _ => self.sent.push_back(sent),
        }
        while self.sent.len() > REPEATABLE.0
            || self.sent.front().is_some_and(|oldest| now.saturating_duration_since(oldest.at) > REPEATABLE.1)
        {
            self.sent.pop_front();
        }
    }
}

/// The payload with the subscriber's picture ids, where they differ.
fn patched<'a>(scratch: &'a mut Vec<u8>, payload: &'a [u8], vp8: Option<Vp8>, placed: &Placed) -> &'a [u8] {
    let Some(vp8) = vp8.filter(|_| placed.picture_id.is_some() || placed.tl0_pic_idx.is_some()) else { return payload };
    scratch.clear();
    scratch.extend_from_slice(payload);
    vp8.write(scratch, placed.picture_id, placed.tl0_pic_idx);
    scratch
}
