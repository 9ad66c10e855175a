//! How a burst for one peer is cut into sends: UDP GSO (`UDP_SEGMENT`) takes datagrams of one size, the last may be
//! shorter. Within one SSRC the order is kept; between SSRCs, and between media and the rest, any order is as good, so
//! packets of equal size from several streams share a send.

/// What the kernel takes in one send (64 segments) and an IP datagram holds.
const SEGMENTS: usize = 64;
const BYTES: usize = 64_000;

/// A burst, cut: the order of its datagrams, and where each send ends in that order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Datagrams, by place in the burst.
    pub(crate) order: Vec<usize>,
    /// Ends of sends, as counts of `order`.
    pub(crate) sends: Vec<usize>,
}

impl Plan {
    /// Cut a burst. `segments`: how many the socket takes in one send (1: no GSO).
    pub(crate) fn cut(&mut self, bytes: &[u8], ends: &[usize], segments: usize) {
        self.order.clear();
        self.sends.clear();
        let segments = segments.min(SEGMENTS);
        if ends.len() == 1 || segments <= 1 {
            self.order.extend(0..ends.len());
            self.sends.extend(1..=ends.len());
            return;
        }
        let mut queues: Vec<(u32, Vec<usize>)> = Vec::new();
        for place in (0..ends.len()).rev() {
            let stream = stream(datagram(bytes, ends, place));
            match queues.iter_mut().find(|(known, _)| *known == stream) {
                Some((_, queue)) => queue.push(place),
                None => queues.push((stream, vec![place])),
            }
        }
        queues.reverse();
        let size = |place: usize| datagram(bytes, ends, place).len();
        // Each send: the largest head, as many heads of its size as there are, and one shorter one to end it.
        while let Some(largest) = queues.iter().filter_map(|(_, queue)| queue.last().map(|place| size(*place))).max() {
            let (mut count, mut total) = (0, 0);
            for (_, queue) in &mut queues {
                while let Some(place) = queue.last().copied() {
                    if size(place) != largest || count == segments || total + largest > BYTES && count > 0 {
                        break;
                    }
                    queue.pop();
                    self.order.push(place);
                    count += 1;
                    total += largest;
                }
            }
            if count < segments {
                let tail = queues
                    .iter_mut()
                    .filter(|(_, queue)| {
                        queue.last().is_some_and(|place| size(*place) < largest && total + size(*place) <= BYTES)
                    })
                    .max_by_key(|(_, queue)| queue.last().map(|place| size(*place)));
                if let Some(place) = tail.and_then(|(_, queue)| queue.pop()) {
                    self.order.push(place);
                }
            }
            self.sends.push(self.order.len());
        }
    }
}

/// One datagram of a burst.
pub(crate) fn datagram<'a>(bytes: &'a [u8], ends: &[usize], place: usize) -> &'a [u8] {
    let start = if place == 0 { 0 } else { ends[place - 1] };
    &bytes[start..ends[place]]
}

/// RTP's SSRC (RFC 3550, 5.1), which stays clear; 0 for all that is not RTP (RFC 5761, 4: RTCP's types lie in 192 to 223).
fn stream(datagram: &[u8]) -> u32 {
    match datagram {
        [128..=191, kind, ..] if datagram.len() >= 12 && !(192..=223).contains(kind) => {
            u32::from_be_bytes([datagram[8], datagram[9], datagram[10], datagram[11]])
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(packets: &[(u32, usize)]) -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (ssrc, size) in packets {
            let mut packet = vec![0; *size];
            packet[0] = 0x80;
            packet[1] = 96;
            packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
            bytes.extend(packet);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    fn cut(packets: &[(u32, usize)], segments: usize) -> Plan {
        let (bytes, ends) = burst(packets);
        let mut plan = Plan::default();
        plan.cut(&bytes, &ends, segments);
        plan
    }

    #[test]
    fn a_frame_with_a_short_last_packet_is_one_send() {
        let plan = cut(&[(1, 1100), (1, 1100), (1, 1100), (1, 300)], 64);
        assert_eq!(plan, Plan { order: vec![0, 1, 2, 3], sends: vec![4] });
    }

    #[test]
    fn order_within_a_stream_is_kept_whatever_the_sizes() {
        let plan = cut(&[(1, 1007), (1, 1008), (1, 1008), (2, 90), (2, 80), (2, 95)], 64);
        for ssrc in [0..3, 3..6] {
            let places: Vec<usize> = plan.order.iter().copied().filter(|place| ssrc.contains(place)).collect();
            assert!(places.is_sorted(), "{plan:?}");
        }
        assert_eq!(plan.order.len(), 6);
    }

    #[test]
    fn streams_share_a_send_where_sizes_allow() {
        assert_eq!(cut(&[(1, 100), (2, 100), (3, 90)], 64).sends, [3]);
        assert_eq!(cut(&[(1, 90), (2, 100)], 64), Plan { order: vec![1, 0], sends: vec![2] });
    }

    #[test]
    fn without_gso_each_datagram_is_a_send() {
        assert_eq!(cut(&[(1, 100), (1, 100)], 1).sends, [1, 2]);
    }

    #[test]
    fn a_send_never_exceeds_what_the_kernel_takes() {
        let plan = cut(&vec![(1, 1200); 200], 64);
        let mut start = 0;
        for end in plan.sends {
            assert!(end - start <= SEGMENTS && (end - start) * 1200 <= BYTES);
            start = end;
        }
        assert_eq!(start, 200);
    }
}
