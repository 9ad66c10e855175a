//! What a packet says about its frame *without being decrypted*: LiveKit's frame encryption leaves clear the payload
//! descriptor and the first bytes of a VP8 frame, H.264's NAL headers, VP9's descriptor and AV1's dependency descriptor
//! (LIVEKIT protocol, "encryption flags"), and nothing else may be looked at.

use str0m::format::Codec;

/// What is known of a video packet's frame.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame {
    /// The packet begins a key frame: a decoder may start here.
    pub(crate) key: bool,
    /// The packet begins a frame.
    pub(crate) begins: bool,
    /// Temporal layer; 0 where the codec or the sender has none.
    pub(crate) temporal: u8,
    /// A receiver of lower temporal layers may go up here (RFC 7741: Y).
    pub(crate) up_switch: bool,
    /// VP8: picture id and TL0PICIDX, and where they stand.
    pub(crate) vp8: Option<Vp8>,
}

/// The numbers of a VP8 payload descriptor (RFC 7741, 4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vp8 {
    picture_id: Option<Number>,
    tl0_pic_idx: Option<Number>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number {
    at: u8,
    value: u16,
    long: bool,
}

impl Vp8 {
    pub(crate) fn picture_id(&self) -> Option<u16> {
        self.picture_id.map(|number| number.value)
    }

    pub(crate) fn tl0_pic_idx(&self) -> Option<u8> {
        self.tl0_pic_idx.map(|number| number.value as u8)
    }

    /// Write other numbers into (a copy of) the payload. A short picture id has room for seven bits.
    pub(crate) fn write(&self, payload: &mut [u8], picture_id: Option<u16>, tl0_pic_idx: Option<u8>) {
        if let (Some(number), Some(id)) = (self.picture_id, picture_id) {
            let at = usize::from(number.at);
            if number.long {
                payload[at..at + 2].copy_from_slice(&(id | 0x8000).to_be_bytes());
            } else {
                payload[at] = (id & 0x7f) as u8;
            }
        }
        if let (Some(number), Some(idx)) = (self.tl0_pic_idx, tl0_pic_idx) {
            payload[usize::from(number.at)] = idx;
        }
    }
}

impl Frame {
    /// Look at a payload. `dependency` is AV1's dependency descriptor, where the sender adds one.
    pub(crate) fn of(codec: Codec, payload: &[u8], dependency: Option<&[u8]>) -> Frame {
        match codec {
            Codec::Vp8 => vp8(payload),
            Codec::H264 => h264(payload),
            Codec::Vp9 => vp9(payload),
            Codec::Av1 => av1(payload, dependency),
            _ => Frame { begins: true, ..Frame::default() },
        }
    }
}

fn vp8(payload: &[u8]) -> Frame {
    read_vp8(payload).unwrap_or_default()
}

fn read_vp8(payload: &[u8]) -> Option<Frame> {
    let first = *payload.first()?;
    let mut numbers = Vp8::default();
    let (mut at, mut temporal, mut up_switch) = (1, 0, true);
    if first & 0x80 != 0 {
        let flags = *payload.get(1)?;
        at = 2;
        if flags & 0x80 != 0 {
            let high = *payload.get(at)?;
            let long = high & 0x80 != 0;
            let value = if long { u16::from_be_bytes([high & 0x7f, *payload.get(at + 1)?]) } else { u16::from(high) };
            numbers.picture_id = Some(Number { at: at as u8, value, long });
            at += if long { 2 } else { 1 };
        }
        if flags & 0x40 != 0 {
            numbers.tl0_pic_idx = Some(Number { at: at as u8, value: u16::from(*payload.get(at)?), long: false });
            at += 1;
        }
        if flags & 0x30 != 0 {
            let byte = *payload.get(at)?;
            if flags & 0x20 != 0 {
                temporal = byte >> 6;
                up_switch = byte & 0x20 != 0;
            }
            at += 1;
        }
    }
    let frame_header = *payload.get(at)?;
    let begins = first & 0x10 != 0 && first & 0x07 == 0;
    Some(Frame { key: begins && frame_header & 0x01 == 0, begins, temporal, up_switch, vp8: Some(numbers) })
}

/// RFC 6184, 5.6 to 5.8: a parameter set or an IDR slice begins what can be decoded alone.
fn h264(payload: &[u8]) -> Frame {
    let is_key = |nal: u8| matches!(nal & 0x1f, 5 | 7);
    let Some(first) = payload.first() else { return Frame::default() };
    let (key, begins) = match first & 0x1f {
        24 => (stap_a(&payload[1..]).any(is_key), true),
        28 => match payload.get(1) {
            Some(header) if header & 0x80 != 0 => (is_key(*header), true),
            _ => (false, false),
        },
        _ => (is_key(*first), true),
    };
    Frame { key, begins, ..Frame::default() }
}

fn stap_a(mut rest: &[u8]) -> impl Iterator<Item = u8> + '_ {
    std::iter::from_fn(move || {
        let size = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let nal = *rest.get(2)?;
        rest = rest.get(2 + size..).unwrap_or(&[]);
        Some(nal)
    })
}

/// RFC 9628, 4.2: B begins a frame, not P means that it needs no other picture; layer 0 only.
fn vp9(payload: &[u8]) -> Frame {
    let Some(first) = payload.first() else { return Frame::default() };
    let (has_id, inter, layered, begins) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0, first & 0x08 != 0);
    let mut at = 1;
    if has_id {
        at += if payload.get(at).is_some_and(|byte| byte & 0x80 != 0) { 2 } else { 1 };
    }
    let layer = payload.get(at).copied().filter(|_| layered).unwrap_or(0);
    let base = (layer >> 1) & 0x07 == 0;
    Frame { key: begins && !inter && base, begins, temporal: layer >> 5, up_switch: layer & 0x10 != 0, vp8: None }
}

/// The dependency descriptor's structure (its extended fields) comes with key frames only; without a descriptor the
/// aggregation header's N bit says that a coded video sequence begins (AV1 RTP, 4.4).
fn av1(payload: &[u8], dependency: Option<&[u8]>) -> Frame {
    if let Some([first, _, _, rest @ ..]) = dependency {
        let begins = first & 0x80 != 0;
        let structure = rest.first().is_some_and(|byte| byte & 0x80 != 0);
        return Frame { key: begins && structure, begins, ..Frame::default() };
    }
    let Some(first) = payload.first() else { return Frame::default() };
    Frame { key: first & 0x08 != 0, begins: first & 0x80 == 0, ..Frame::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vp8_key_frame_is_known_by_one_clear_byte() {
        let key = [0x90, 0xe0, 0x81, 0x23, 0x07, 0x20, 0x10, 0xff, 0xff];
        let frame = Frame::of(Codec::Vp8, &key, None);
        assert!(frame.key && frame.begins && frame.up_switch && frame.temporal == 0);
        let delta = [0x90, 0xe0, 0x81, 0x24, 0x07, 0x80, 0x11, 0xff, 0xff];
        let frame = Frame::of(Codec::Vp8, &delta, None);
        assert!(!frame.key && frame.begins && frame.temporal == 2 && !frame.up_switch);
        assert!(!Frame::of(Codec::Vp8, &[0x80, 0xe0, 0x81, 0x23, 0x07, 0x20, 0x10], None).begins);
    }

    #[test]
    fn vp8_numbers_are_read_and_written_where_they_stand() {
        for (payload, id, tl0) in [
            (vec![0x90, 0xe0, 0x81, 0x23, 0x07, 0x20, 0x10], Some(0x123), Some(7)),
            (vec![0x90, 0x80, 0x23, 0x10], Some(0x23), None),
            (vec![0x10, 0x10], None, None),
        ] {
            let numbers = Frame::of(Codec::Vp8, &payload, None).vp8.expect("a descriptor");
            assert_eq!((numbers.picture_id(), numbers.tl0_pic_idx()), (id, tl0));
            let mut changed = payload.clone();
            numbers.write(&mut changed, Some(0x45), Some(9));
            let again = Frame::of(Codec::Vp8, &changed, None).vp8.expect("a descriptor");
            assert_eq!((again.picture_id(), again.tl0_pic_idx()), (id.map(|_| 0x45), tl0.map(|_| 9)));
        }
    }

    #[test]
    fn an_h264_key_frame_is_known_by_its_nal_headers() {
        assert!(Frame::of(Codec::H264, &[0x65, 1, 2], None).key);
        assert!(Frame::of(Codec::H264, &[0x18, 0, 2, 0x67, 1, 0, 2, 0x68, 1], None).key);
        assert!(Frame::of(Codec::H264, &[0x7c, 0x85, 1], None).key);
        assert!(!Frame::of(Codec::H264, &[0x7c, 0x05, 1], None).key);
        assert!(!Frame::of(Codec::H264, &[0x41, 1], None).key);
    }

    #[test]
    fn no_payload_is_too_short() {
        for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::Opus] {
            for length in 0..6 {
                for byte in 0..=255u8 {
                    Frame::of(codec, &vec![byte; length], Some(&vec![byte; length]));
                }
            }
        }
    }
}
