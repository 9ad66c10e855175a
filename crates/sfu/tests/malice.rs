//! The classes of holes that media servers fell to (docs/explanation/security.md, "The media server"), one test each, and bad
//! input of all kinds.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::{Random, World, vp8};
use incamera_sfu::{Command, Event, Kind, PublicationId, RequestId};
use str0m::media::Mid;

/// Alice sends sound and picture to Bob.
struct Call {
    world: World,
    alice: usize,
    bob: usize,
    sent: Vec<Mid>,
    slots: Vec<Mid>,
    number: u32,
}

impl Call {
    fn new(seed: u64) -> Call {
        let mut world = World::new(seed);
        let (alice, bob) = (world.join(false), world.join(false));
        let sent = world.offer(alice, (0, 0), &[(Kind::Audio, false), (Kind::Video, false)]);
        let slots = world.offer(bob, (1, 1), &[]);
        world.run(Duration::from_secs(1));
        let voice = world.publish(alice, sent[0], Kind::Audio);
        let camera = world.publish(alice, sent[1], Kind::Video);
        world.subscribe(bob, voice, slots[0]);
        world.subscribe(bob, camera, slots[1]);
        world.reoffer(bob);
        let mut call = Call { world, alice, bob, sent, slots, number: 0 };
        call.speak(10);
        call
    }

    fn speak(&mut self, frames: u32) {
        for _ in 0..frames {
            self.number += 1;
            let number = self.number;
            self.world.send(self.alice, self.sent[0], None, number * 960, false, &[7; 60]);
            self.world.send(
                self.alice,
                self.sent[1],
                None,
                number * 1800,
                true,
                &vp8(number as u16, number == 1, true, 900),
            );
            self.world.run(Duration::from_millis(20));
        }
    }

    fn received(&mut self) -> (usize, usize) {
        self.world.run(Duration::from_millis(100));
        (self.world.received(self.bob, self.slots[0]).len(), self.world.received(self.bob, self.slots[1]).len())
    }
}

fn stranger() -> SocketAddr {
    "198.18.0.66:666".parse().expect("address")
}

/// The start of a DTLS 1.2 handshake record.
fn client_hello() -> Vec<u8> {
    let mut record = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1];
    record.resize(80, 0);
    record
}

#[test]
fn a_client_hello_from_an_address_without_a_check_is_dropped() {
    let mut world = World::new(1);
    let alice = world.join(false);
    world.offer(alice, (1, 0), &[]);
    world.arrive(stranger(), &client_hello());
    assert_eq!(world.counter("dropped_unvalidated"), 1);
    assert_eq!(world.counter("datagrams_out"), 0);
    world.run(Duration::from_secs(1));
    assert!(world.clients[alice].connected, "the stranger won the race");
}

#[test]
fn a_forged_check_neither_binds_an_address_nor_is_answered() {
    let mut world = World::new(2);
    world.tape = Some(Vec::new());
    let alice = world.join(false);
    world.offer(alice, (1, 0), &[]);
    world.run(Duration::from_secs(1));
    let tape = world.tape.take().expect("recorded");
    let check =
        tape.iter().map(|(_, bytes)| bytes).find(|bytes| bytes[0] == 0 && bytes[1] == 1).expect("a check").clone();
    let out = world.counter("datagrams_out");
    // All that MESSAGE-INTEGRITY covers (RFC 8489, 14.5): all but the FINGERPRINT behind it, 8 bytes.
    for place in 28..check.len() - 8 {
        let mut forged = check.clone();
        forged[place] ^= 0x40;
        world.arrive(stranger(), &forged);
    }
    world.flush();
    assert_eq!(world.counter("datagrams_out"), out, "a forged check was answered");
    world.arrive(stranger(), &client_hello());
    assert_eq!(world.counter("dropped_unvalidated"), 1, "a forged check bound an address");
}

#[test]
fn an_unknown_ufrag_gets_no_answer() {
    let mut world = World::new(3);
    world.tape = Some(Vec::new());
    let alice = world.join(false);
    world.offer(alice, (1, 0), &[]);
    world.run(Duration::from_millis(200));
    let check = world.tape.take().expect("recorded").remove(0).1;
    let transport = world.clients[alice].id;
    world.command(Command::CloseTransport { transport });
    let out = world.counter("datagrams_out");
    world.arrive(stranger(), &check);
    world.flush();
    assert_eq!((world.counter("dropped_unknown_ufrag"), world.counter("datagrams_out")), (1, out));
}

#[test]
fn no_answer_is_larger_than_its_question_by_half() {
    let mut world = World::new(4);
    let alice = world.join(true);
    world.offer(alice, (1, 0), &[]);
    world.tape = Some(Vec::new());
    world.run(Duration::from_millis(15));
    let check = world.tape.take().expect("recorded").remove(0).1;
    let before = world.counter("bytes_out");
    world.arrive(stranger(), &check);
    world.flush();
    let answer = world.counter("bytes_out") - before;
    assert!(answer <= check.len() as u64 * 3 / 2, "{answer} bytes for {}", check.len());
}

#[test]
fn an_address_of_a_live_connection_cannot_be_taken_over() {
    let mut call = Call::new(5);
    let mallory = call.world.join(false);
    call.world.offer(mallory, (1, 0), &[]);
    call.world.tape = Some(Vec::new());
    call.world.run(Duration::from_millis(15));
    let tape = call.world.tape.take().expect("recorded");
    let own = call.world.clients[mallory].address;
    let check = tape.into_iter().find(|(source, bytes)| *source == own && bytes[0] == 0).expect("a check").1;
    let victim = call.world.clients[call.alice].address;
    call.world.arrive(victim, &check);
    assert_eq!(call.world.counter("dropped_address_held"), 1);
    let before = call.received();
    call.speak(20);
    let after = call.received();
    assert_eq!((after.0 - before.0, after.1 - before.1), (20, 20));
}

#[test]
fn replayed_media_is_not_forwarded_again() {
    let mut call = Call::new(6);
    call.world.tape = Some(Vec::new());
    call.speak(50);
    let tape = call.world.tape.take().expect("recorded");
    let before = call.received();
    for (source, bytes) in tape.iter().filter(|(_, bytes)| bytes[0] & 0xc0 == 0x80) {
        call.world.arrive(*source, bytes);
    }
    call.world.flush();
    assert_eq!(call.received(), before);
    assert!(call.world.counter("dropped_unused") >= 100, "a repeat is counted");
    call.speak(20);
    let after = call.received();
    assert_eq!((after.0 - before.0, after.1 - before.1), (20, 20));
}

#[test]
fn media_injected_from_elsewhere_or_under_anothers_ssrc_goes_nowhere() {
    let mut call = Call::new(7);
    call.world.tape = Some(Vec::new());
    call.speak(20);
    let tape = call.world.tape.take().expect("recorded");
    let before = call.received();
    let (from_bob, dropped) = (call.world.clients[call.bob].address, call.world.counter("dropped_unvalidated"));
    let alices: Vec<_> =
        tape.into_iter().filter(|(source, bytes)| *source != from_bob && bytes[0] & 0xc0 == 0x80).collect();
    for (_, bytes) in &alices {
        call.world.arrive(stranger(), bytes);
        // Bob sends Alice's SSRC, MID and all: his keys don't fit, and her numbers mean nothing on his transport.
        call.world.arrive(from_bob, bytes);
    }
    assert_eq!(call.world.counter("dropped_unvalidated"), dropped + alices.len() as u64);
    assert_eq!(call.received(), before);
}

#[test]
fn a_forged_packet_under_a_new_ssrc_does_not_take_a_section_from_its_publisher() {
    let mut call = Call::new(9);
    call.world.tape = Some(Vec::new());
    call.speak(20);
    let tape = call.world.tape.take().expect("recorded");
    let alice = call.world.clients[call.alice].address;
    // Her packets name their section. Two SSRCs that nobody has, since str0m would not go back to the one before.
    let hers =
        tape.iter().filter(|(source, bytes)| *source == alice && bytes[0] & 0xd0 == 0x90 && bytes[1] & 0x60 != 0x40);
    let before = call.received();
    let (mut forged, dropped) = (0, call.world.counter("dropped_unauthenticated"));
    for (_, bytes) in hers {
        for ssrc in [[1; 4], [2; 4]] {
            let mut bytes = bytes.clone();
            bytes[8..12].copy_from_slice(&ssrc);
            call.world.arrive(alice, &bytes);
            forged += 1;
        }
    }
    assert!(forged >= 80, "{forged}");
    assert_eq!(call.world.counter("dropped_unauthenticated"), dropped + forged);
    assert_eq!(call.received(), before);
    call.speak(20);
    let after = call.received();
    assert_eq!((after.0 - before.0, after.1 - before.1), (20, 20));
}

#[test]
fn a_publisher_cannot_send_under_anothers_section() {
    let mut call = Call::new(8);
    let mallory = call.world.join(false);
    // The same mid and the same SSRC, announced and encrypted with her own keys: it is her section, that nobody published.
    let section = call.world.offer(mallory, (0, 0), &[(Kind::Audio, false)])[0];
    call.world.run(Duration::from_secs(1));
    let before = call.received();
    let victim = call.world.events.iter().rev().find_map(|event| match event {
        Event::StreamStarted { ssrc, mime: "audio/opus", .. } => Some(*ssrc),
        _ => None,
    });
    let victim = victim.expect("alice speaks");
    {
        let mut api = call.world.clients[mallory].rtc.direct_api();
        let own = api.stream_tx_by_mid(section, None).expect("a stream").ssrc();
        api.remove_stream_tx(own);
        api.declare_stream_tx(victim.into(), None, section, None);
    }
    for number in 0..20 {
        call.world.send(mallory, section, None, number * 960, false, &[9; 60]);
        call.world.run(Duration::from_millis(20));
    }
    assert_eq!(call.received(), before);
    assert_eq!(call.world.counter("dropped_unpublished"), 20);
}

#[test]
fn a_handshake_is_bounded_in_bytes_and_time() {
    let mut world = World::new(9);
    let alice = world.join(false);
    world.offer(alice, (1, 0), &[]);
    world.tape = Some(Vec::new());
    world.run(Duration::from_millis(15));
    let check = world.tape.take().expect("recorded").remove(0).1;
    // A client with valid credentials that never ends its handshake.
    world.clients[alice].address = "203.0.113.99:9".parse().expect("address");
    world.arrive(stranger(), &check);
    for _ in 0..2000 {
        world.arrive(stranger(), &client_hello());
    }
    assert!(world.counter("dropped_handshake") > 1000);
    for _ in 0..40 {
        let now = world.now;
        world.now = now + Duration::from_secs(1);
        let now = world.now;
        world.sfu.handle_timeout(now);
    }
    world.settle();
    assert!(world.events.iter().any(|event| matches!(event, Event::Disconnected { .. })));
}

#[test]
fn a_wrong_fingerprint_ends_the_connection() {
    let mut world = World::new(10);
    let alice = world.join(false);
    let who = &mut world.clients[alice];
    let mut api = who.rtc.sdp_api();
    api.add_media(str0m::media::MediaKind::Audio, str0m::media::Direction::SendOnly, None, None, None);
    let (offer, pending) = api.apply().expect("an offer");
    who.pending = Some(pending);
    let sdp = offer.to_sdp_string();
    let print =
        sdp.lines().find_map(|line| line.strip_prefix("a=fingerprint:sha-256 ")).expect("a fingerprint").to_owned();
    let other = print.replace(&print[0..2], if print.starts_with("00") { "01" } else { "00" });
    world.send_offer(alice, sdp.replace(&print, &other));
    world.run(Duration::from_secs(2));
    assert!(world.events.iter().any(|event| matches!(event, Event::Disconnected { .. })));
    assert!(!world.events.iter().any(|event| matches!(event, Event::Connected { .. })));
}

#[test]
fn a_profile_without_encryption_is_declined() {
    let mut world = World::new(11);
    let alice = world.join(false);
    let transport = world.clients[alice].id;
    let sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n".to_owned();
    world.command(Command::AcceptOffer { transport, request: RequestId(1), sdp });
    assert!(world.events.iter().any(|event| matches!(event, Event::Declined { code: "sdp.profile", .. })));
}

#[test]
fn ten_thousand_random_and_mutated_datagrams_leave_the_call_whole() {
    for seed in 0..4 {
        let mut call = Call::new(100 + seed);
        call.world.tape = Some(Vec::new());
        call.speak(30);
        let mallory = call.world.join(false);
        call.world.offer(mallory, (1, 1), &[(Kind::Video, true)]);
        call.world.run(Duration::from_secs(1));
        let tape = call.world.tape.take().expect("recorded");
        let mut random = Random::new(seed + 1);
        let before = call.received();
        // The sender's own address is among them: what authenticates nobody must not hurt who is trusted either.
        let sources = [call.world.clients[mallory].address, stranger(), call.world.clients[call.alice].address];
        for round in 0..10_000 {
            let mut bytes = if random.below(4) == 0 {
                let length = random.below(1500) as usize;
                let mut bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
                if let Some(first) = bytes.first_mut() {
                    *first = [0, 1, 22, 23, 0x80, 0x90, 0xb0][random.below(7) as usize];
                }
                bytes
            } else {
                tape[random.below(tape.len() as u64) as usize].1.clone()
            };
            for _ in 0..random.below(4) {
                if bytes.is_empty() {
                    break;
                }
                let place = random.below(bytes.len() as u64) as usize;
                match random.below(4) {
                    0 => bytes.truncate(place),
                    1 => bytes[place] ^= 1 << random.below(8),
                    2 => bytes[place] = random.next() as u8,
                    _ => bytes.insert(place, random.next() as u8),
                }
            }
            call.world.arrive(sources[random.below(3) as usize], &bytes);
            if round % 500 == 0 {
                call.world.flush();
                call.speak(1);
            }
        }
        call.world.flush();
        call.speak(10);
        let after = call.received();
        assert_eq!((after.0 - before.0, after.1 - before.1), (30, 30), "seed {seed}");
        assert_eq!(call.world.counter("faults"), 0, "seed {seed}: str0m panicked");
        for reason in ["dropped_malformed", "dropped_unvalidated", "dropped_unauthenticated", "dropped_unused"] {
            assert!(call.world.counter(reason) > 0, "seed {seed}: nothing was {reason}");
        }
    }
}

mod any_input {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_datagram_breaks_the_core(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in 0..=255u8) {
            let mut world = World::new(1);
            let mut bytes = bytes;
            if let Some(byte) = bytes.first_mut() { *byte = first; }
            world.arrive(stranger(), &bytes);
            prop_assert_eq!(world.counter("datagrams_out"), 0);
        }

        #[test]
        fn no_description_breaks_the_core(cut in 0usize..6000, place in 0usize..6000, byte in any::<u8>()) {
            let mut world = World::new(1);
            let alice = world.join(false);
            let mut api = world.clients[alice].rtc.sdp_api();
            api.add_media(str0m::media::MediaKind::Video, str0m::media::Direction::SendOnly, None, None, None);
            api.add_channel("_reliable".into());
            let mut sdp = api.apply().expect("an offer").0.to_sdp_string().into_bytes();
            if place < sdp.len() { sdp[place] = byte; }
            sdp.truncate(cut);
            let transport = world.clients[alice].id;
            let now = world.now;
            world.sfu.handle_command(now, Command::AcceptOffer { transport, request: RequestId(1), sdp: String::from_utf8_lossy(&sdp).into_owned() });
            let answered = std::iter::from_fn(|| world.sfu.poll_event())
                .any(|event| matches!(event, Event::Answered { .. } | Event::Declined { .. }));
            prop_assert!(answered);
        }
    }
}

#[test]
fn commands_about_what_is_not_there_do_nothing() {
    let mut world = World::new(12);
    let publication = PublicationId(77);
    world.command(Command::Unpublish { publication });
    world.command(Command::RequestKeyFrame { publication });
    world.command(Command::SetMuted { publication, muted: true });
    world.command(Command::CloseTransport { transport: incamera_sfu::TransportId(5) });
    assert!(world.events.is_empty());
}
