//! RTP's fixed header (RFC 3550, 5.1) and header extensions (RFC 8285), as one peer negotiated them for a section.

use str0m::media::Mid;
use str0m::rtp::{Extension, ExtensionMap, VideoOrientation};

use crate::dependency::{Dependency, dependency_extension};

/// Header extensions of one packet: a dependency descriptor, mostly.
const EXTENSIONS: usize = 320;

/// What a peer negotiated for one section.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) mid: Mid,
    pub(crate) cname: String,
    pub(crate) ids: Ids,
}

/// Header extension ids of one section.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ids {
    mid: Option<u8>,
    pub(crate) arrivals: Option<u8>,
    level: Option<u8>,
    orientation: Option<u8>,
    dependency: Option<u8>,
}

impl Description {
    pub(crate) fn new(mid: Mid, cname: &str, map: &ExtensionMap) -> Self {
        let ids = Ids {
            mid: map.id_of(Extension::RtpMid),
            arrivals: map.id_of(Extension::TransportSequenceNumber),
            level: map.id_of(Extension::AudioLevel),
            orientation: map.id_of(Extension::VideoOrientation),
            dependency: map.id_of(dependency_extension()),
        };
        Description { mid, cname: cname.to_owned(), ids }
    }
}

/// The fixed header's fields.
pub(crate) struct Head {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
}

/// What header extensions of a packet say.
pub(crate) struct Values<'a> {
    pub(crate) mid: bool,
    pub(crate) arrivals: Option<u16>,
    pub(crate) level: Option<(i8, bool)>,
    pub(crate) orientation: Option<VideoOrientation>,
    pub(crate) dependency: Option<&'a Dependency>,
}

impl Head {
    /// Append both to a packet.
    pub(crate) fn write(&self, packet: &mut Vec<u8>, description: &Description, values: &Values<'_>) {
        let mut elements = Elements { bytes: [0; EXTENSIONS], length: 0, long: false };
        let ids = &description.ids;
        if let Some(id) = ids.mid.filter(|_| values.mid) {
            elements.add(id, description.mid.as_bytes());
        }
        if let (Some(id), Some(number)) = (ids.arrivals, values.arrivals) {
            elements.add(id, &number.to_be_bytes());
        }
        if let (Some(id), Some((level, voice))) = (ids.level, values.level) {
            // RFC 6464: V, then -dBov.
            elements.add(id, &[u8::from(voice) << 7 | level.unsigned_abs().min(127)]);
        }
        if let (Some(id), Some(orientation)) = (ids.orientation, values.orientation) {
            elements.add(id, &[orientation as u8]);
        }
        if let (Some(id), Some(Dependency(bytes))) = (ids.dependency, values.dependency) {
            elements.add(id, bytes);
        }
        let extended = u8::from(elements.length > 0) << 4;
        packet.extend_from_slice(&[0x80 | extended, u8::from(self.marker) << 7 | self.payload_type]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        if elements.length > 0 {
            elements.write(packet);
        }
    }
}

/// Header extension elements: gathered as (id, length, bytes), written in the short form where all fit it.
struct Elements {
    bytes: [u8; EXTENSIONS],
    length: usize,
    long: bool,
}

impl Elements {
    fn add(&mut self, id: u8, value: &[u8]) {
        let end = self.length + 2 + value.len();
        let Some(room) = self.bytes.get_mut(self.length..end).filter(|_| value.len() <= 255) else { return };
        room[0] = id;
        room[1] = value.len() as u8;
        room[2..].copy_from_slice(value);
        self.length = end;
        self.long |= id > 14 || value.is_empty() || value.len() > 16;
    }

    fn write(&self, packet: &mut Vec<u8>) {
        packet.extend_from_slice(if self.long { &[0x10, 0x00] } else { &[0xbe, 0xde] });
        let words_at = packet.len();
        packet.extend_from_slice(&[0, 0]);
        let mut rest = &self.bytes[..self.length];
        while let [id, length, after @ ..] = rest {
            let (value, next) = after.split_at(usize::from(*length));
            rest = next;
            if self.long {
                packet.extend_from_slice(&[*id, *length]);
            } else {
                packet.push(id << 4 | (length - 1));
            }
            packet.extend_from_slice(value);
        }
        let length = (packet.len() - words_at - 2).next_multiple_of(4);
        packet.resize(words_at + 2 + length, 0);
        packet[words_at..words_at + 2].copy_from_slice(&((length / 4) as u16).to_be_bytes());
    }
}
