//! After a cut pictures come back by themselves, within seconds, whatever the link did before.

mod common;

use std::time::Duration;

use common::{Random, World, vp8};
use incamera_sfu::{Event, Kind};
use str0m::media::{KeyframeRequestKind, Mid};

/// Restriction id, packets a frame, bytes a packet: 60, 240 and 1,100 kbit/s at 30 frames a second.
const LAYERS: [(&str, usize, usize); 3] = [("q", 1, 250), ("h", 1, 1000), ("f", 4, 1125)];
const FRAME: Duration = Duration::from_millis(33);
/// A cut link: everything is lost, both ways.
const CUT: (u64, u64) = (1000, 1000);

/// One picture in three layers, and nobody who speaks: nothing but the picture keeps feedback flowing.
struct Call {
    world: World,
    alice: usize,
    bob: usize,
    camera: Mid,
    slot: Mid,
    frame: u32,
    answered: usize,
}

impl Call {
    fn new(seed: u64) -> Call {
        let mut world = World::new(seed);
        let (alice, bob) = (world.join(false), world.join(false));
        let camera = world.offer(alice, (0, 0), &[(Kind::Video, true)])[0];
        let slot = world.offer(bob, (0, 1), &[])[0];
        world.run(Duration::from_secs(1));
        let publication = world.publish(alice, camera, Kind::Video);
        world.subscribe(bob, publication, slot);
        world.reoffer(bob);
        Call { world, alice, bob, camera, slot, frame: 0, answered: 0 }
    }

    /// An encoder that answers a request for a key frame with its next frame.
    fn frames(&mut self, count: u128) {
        for _ in 0..count {
            let asked = self.world.clients[self.alice].key_frames_asked;
            let key = asked > self.answered || self.frame == 0;
            self.answered = asked;
            for (rid, packets, size) in LAYERS {
                for packet in 0..packets {
                    let payload = vp8(self.frame as u16, key, packet == 0, size);
                    let last = packet + 1 == packets;
                    self.world.send(self.alice, self.camera, Some(rid), self.frame * 2970, last, &payload);
                }
            }
            self.frame += 1;
            self.world.run(FRAME);
        }
    }

    fn time(&mut self, duration: Duration) {
        self.frames(duration.as_millis() / FRAME.as_millis());
    }

    /// How long until bob could show fifteen pictures: a key frame and what follows it. None: not within `patience`.
    fn pictures(&mut self, patience: Duration) -> Option<Duration> {
        self.world.clients[self.bob].received.clear();
        let begun = self.world.now;
        while self.world.now - begun < patience {
            self.frames(1);
            let decodable = self.decodable();
            if decodable >= 15 {
                return Some(self.world.now - begun);
            }
            // A receiver that can't go on without a key frame asks for it five times a second, as libwebrtc does.
            if decodable == 0 && self.frame.is_multiple_of(6) {
                self.ask_for_key_frame();
            }
        }
        None
    }

    /// Pictures that came since the last key frame, itself included.
    fn decodable(&mut self) -> usize {
        let received = self.world.received(self.bob, self.slot);
        let key = received.iter().rposition(|packet| packet.payload[0] & 0x10 != 0 && packet.payload[6] & 1 == 0);
        key.map_or(0, |key| received[key..].iter().filter(|packet| packet.header.marker).count())
    }

    fn ask_for_key_frame(&mut self) {
        let who = &mut self.world.clients[self.bob];
        let Some(ssrc) = who.received.last().map(|packet| packet.header.ssrc) else { return };
        let mut api = who.rtc.direct_api();
        api.stream_rx(&ssrc).expect("a stream").request_keyframe(KeyframeRequestKind::Pli);
    }
}

#[test]
fn pictures_come_back_within_seconds_after_a_cut_on_either_side() {
    for seed in 1..=24 {
        let mut random = Random::new(seed);
        let mut call = Call::new(seed);
        call.time(Duration::from_millis(3_500 + random.below(4_000)));
        let who = [call.alice, call.bob][random.below(2) as usize];
        call.world.clients[who].loss = CUT;
        call.time(Duration::from_millis(500 + random.below(5_500)));
        let loss = (random.below(20), random.below(20));
        call.world.clients[who].loss = loss;
        let took = call.pictures(Duration::from_secs(30));
        assert!(took.is_some_and(|took| took < Duration::from_secs(3)), "seed {seed}: {took:?}");
    }
}

#[test]
fn a_picture_that_was_paused_comes_back_although_nobody_speaks() {
    for seed in 1..=4 {
        let mut call = Call::new(seed);
        call.time(Duration::from_secs(5));
        call.world.clients[call.bob].rate_bps = Some(60_000);
        call.time(Duration::from_secs(40));
        let paused = |event: &Event| matches!(event, Event::Congestion { paused: true, .. });
        assert!(call.world.events.iter().any(paused), "seed {seed}: the picture was not paused");
        call.world.clients[call.bob].rate_bps = None;
        // The longest patience before a paused picture is tried, and a few seconds more.
        let took = call.pictures(Duration::from_secs(60));
        assert!(took.is_some_and(|took| took < Duration::from_secs(24)), "seed {seed}: {took:?}");
    }
}
