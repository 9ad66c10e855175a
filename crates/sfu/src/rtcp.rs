//! RTCP (RFC 3550, RFC 4585) about the media that we send: what clients say of it, and our sender reports.

/// One thing that a client says about a stream of ours, or about all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feedback<'a> {
    /// RFC 4585, 6.2.1: a packet is missing, and those of a bit mask after it.
    Missing { ssrc: u32, first: u16, mask: u16 },
    /// PLI (RFC 4585, 6.3.1) or FIR (RFC 5104, 4.3.1).
    KeyFrame { ssrc: u32 },
    /// Transport-wide congestion control: what follows both SSRCs.
    Arrivals(&'a [u8]),
}

/// Compound packets hold at most so many packets that we look at.
const PACKETS: usize = 64;

/// What of a compound packet is about what we send. The second value: whether it also concerns what the *client* sends (its
/// sender reports, extended reports, good-byes), which is str0m's.
pub(crate) fn parse<'a>(compound: &'a [u8], mut take: impl FnMut(Feedback<'a>)) -> bool {
    let (mut rest, mut of_client) = (compound, false);
    for _ in 0..PACKETS {
        let [first, kind, high, low, ..] = *rest else { break };
        let length = 4 + usize::from(u16::from_be_bytes([high, low])) * 4;
        let Some(packet) = rest.get(..length).filter(|_| first >> 6 == 2) else { break };
        rest = &rest[length..];
        match (kind, first & 0x1f) {
            (200 | 203 | 207, _) => of_client = true,
            (205, 1) => {
                let Some(ssrc) = word(packet, 8) else { continue };
                for entry in packet[12..].chunks_exact(4) {
                    let (first, mask) =
                        (u16::from_be_bytes([entry[0], entry[1]]), u16::from_be_bytes([entry[2], entry[3]]));
                    take(Feedback::Missing { ssrc, first, mask });
                }
            }
            (205, 15) if packet.len() > 12 => take(Feedback::Arrivals(&packet[12..])),
            (206, 1) => {
                if let Some(ssrc) = word(packet, 8) {
                    take(Feedback::KeyFrame { ssrc });
                }
            }
            (206, 4) if packet.len() > 12 => {
                for entry in packet[12..].chunks_exact(8) {
                    if let Some(ssrc) = word(entry, 0) {
                        take(Feedback::KeyFrame { ssrc });
                    }
                }
            }
            _ => {}
        }
    }
    of_client
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// What a sender report says (RFC 3550, 6.4.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SenderReport {
    pub(crate) ssrc: u32,
    /// 32.32 fixed point.
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

impl SenderReport {
    /// Its length in a compound packet.
    pub(crate) const BYTES: usize = 28;

    pub(crate) fn write(&self, compound: &mut Vec<u8>) {
        compound.extend_from_slice(&[0x80, 200, 0, 6]);
        compound.extend_from_slice(&self.ssrc.to_be_bytes());
        compound.extend_from_slice(&self.ntp.to_be_bytes());
        for number in [self.timestamp, self.packets, self.octets] {
            compound.extend_from_slice(&number.to_be_bytes());
        }
    }
}

/// Source description (RFC 3550, 6.5): the canonical name of one stream.
pub(crate) fn write_cname(compound: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let name = &cname.as_bytes()[..cname.len().min(64)];
    // Item, its end, and zeros up to a word.
    let chunk = (4 + 2 + name.len() + 1).next_multiple_of(4);
    compound.extend_from_slice(&[0x81, 202]);
    compound.extend_from_slice(&((chunk / 4) as u16).to_be_bytes());
    compound.extend_from_slice(&ssrc.to_be_bytes());
    compound.extend_from_slice(&[1, name.len() as u8]);
    compound.extend_from_slice(name);
    compound.resize(compound.len() + chunk - 6 - name.len(), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_is_read() {
        let mut compound = vec![0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 0, 100, 0, 5];
        compound.extend([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 8]);
        compound.extend([0x8f, 205, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
        let mut seen = Vec::new();
        assert!(!parse(&compound, |feedback| seen.push(feedback)));
        assert_eq!(seen[0], Feedback::Missing { ssrc: 9, first: 100, mask: 5 });
        assert_eq!(seen[1], Feedback::KeyFrame { ssrc: 8 });
        assert_eq!(seen[2], Feedback::Arrivals(&[0, 1, 0, 1, 0, 0, 0, 0]));
        assert!(parse(&[0x80, 200, 0, 0], |_| ()));
    }

    #[test]
    fn no_compound_is_too_odd() {
        for length in 0..24 {
            for first in [0x80, 0x81, 0x8f, 0x84, 0x00, 0xff] {
                for kind in [200, 205, 206, 255] {
                    for words in [0, 1, 2, 3, 200] {
                        let mut bytes = vec![1; length];
                        bytes.iter_mut().zip([first, kind, 0, words]).for_each(|(byte, value)| *byte = value);
                        parse(&bytes, |_| ());
                    }
                }
            }
        }
    }

    #[test]
    fn a_canonical_name_ends_at_a_word() {
        for length in 0..20 {
            let mut compound = Vec::new();
            write_cname(&mut compound, 7, &"x".repeat(length));
            let words = usize::from(u16::from_be_bytes([compound[2], compound[3]]));
            assert_eq!(compound.len(), 4 + words * 4);
            assert_eq!(*compound.last().expect("bytes"), 0);
        }
    }
}
