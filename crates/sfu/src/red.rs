//! Opus inside RED (RFC 2198): for a subscriber that did not negotiate RED the newest block is taken out.

/// The primary block of a RED payload, or None if it is malformed.
pub(crate) fn primary(payload: &[u8]) -> Option<&[u8]> {
    let (mut at, mut redundant) = (0, 0);
    while payload.get(at)? & 0x80 != 0 {
        let header = payload.get(at..at + 4)?;
        redundant += usize::from(u16::from_be_bytes([header[2], header[3]]) & 0x03ff);
        at += 4;
    }
    payload.get(at + 1 + redundant..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_block_is_taken_out() {
        assert_eq!(primary(&[0x80 | 111, 0, 0, 2, 111, 9, 9, 1, 2, 3]), Some(&[1, 2, 3][..]));
        assert_eq!(primary(&[111, 1, 2]), Some(&[1, 2][..]));
        assert_eq!(primary(&[0x80 | 111, 0, 0, 9, 111, 1]), None);
        assert_eq!(primary(&[]), None);
    }
}
