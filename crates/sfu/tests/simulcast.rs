//! Which layer a subscriber gets, and what it costs it to change.

mod common;

use std::time::Duration;

use common::{World, vp8};
use incamera_sfu::{Command, Event, Kind, PublicationId, SubscriptionId, Tuning};
use str0m::media::Mid;

const LAYERS: [(&str, usize); 3] = [("q", 300), ("h", 700), ("f", 1100)];

struct Call {
    world: World,
    alice: usize,
    bob: usize,
    camera: Mid,
    slot: Mid,
    publication: PublicationId,
    subscription: SubscriptionId,
    frame: u32,
    keys: [usize; 3],
}

impl Call {
    fn new(seed: u64) -> Call {
        let mut world = World::new(seed);
        let (alice, bob) = (world.join(false), world.join(false));
        let camera = world.offer(alice, (0, 0), &[(Kind::Video, true)])[0];
        let slot = world.offer(bob, (0, 1), &[])[0];
        world.run(Duration::from_secs(1));
        let publication = world.publish(alice, camera, Kind::Video);
        let subscription = world.subscribe(bob, publication, slot);
        world.reoffer(bob);
        Call { world, alice, bob, camera, slot, publication, subscription, frame: 0, keys: [0; 3] }
    }

    /// Send frames of these layers; a key frame answers a request within a frame, as an encoder does.
    fn frames(&mut self, count: u32, layers: &[usize]) {
        for _ in 0..count {
            let asked = self.world.clients[self.alice].key_frames_asked;
            for layer in layers {
                let (rid, size) = LAYERS[*layer];
                let key = self.keys[*layer] < asked || self.frame == 0;
                self.keys[*layer] = asked;
                let id = 1000 * *layer as u32 + self.frame;
                self.world.send(
                    self.alice,
                    self.camera,
                    Some(rid),
                    self.frame * 3000 + 77,
                    true,
                    &vp8(id as u16, key, true, size),
                );
            }
            self.frame += 1;
            self.world.run(Duration::from_millis(33));
        }
    }

    fn tune(&mut self, tuning: Tuning) {
        let subscription = self.subscription;
        self.world.command(Command::Tune { subscription, tuning });
    }

    /// Sizes of what bob received, in order of sequence; asserts that his numbering has no seam.
    fn sizes(&mut self) -> Vec<usize> {
        let mut received: Vec<(u64, u32, u16, usize)> = self
            .world
            .received(self.bob, self.slot)
            .iter()
            .map(|packet| {
                let id = u16::from_be_bytes([packet.payload[2] & 0x7f, packet.payload[3]]);
                (*packet.seq_no, packet.header.timestamp, id, packet.payload.len())
            })
            .collect();
        received.sort_unstable();
        for pair in received.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + 1, "a gap in sequence numbers");
            assert_eq!(pair[1].2, (pair[0].2 + 1) & 0x7fff, "a gap in picture ids");
            let ticks = pair[1].1.wrapping_sub(pair[0].1);
            // At most as long as the longest pause of these tests.
            assert!((1..3 * 90_000).contains(&ticks), "timestamps leap by {ticks}");
        }
        received.into_iter().map(|(_, _, _, size)| size).collect()
    }
}

#[test]
fn a_subscriber_gets_the_best_layer_that_it_asked_for() {
    let mut call = Call::new(1);
    call.frames(30, &[0, 1, 2]);
    assert_eq!(call.sizes().last(), Some(&1100));
    call.tune(Tuning { max_layer: 0, ..Tuning::default() });
    call.frames(30, &[0, 1, 2]);
    assert_eq!(call.sizes().last(), Some(&300));
    call.tune(Tuning { max_layer: 1, ..Tuning::default() });
    call.frames(30, &[0, 1, 2]);
    let sizes = call.sizes();
    assert_eq!(sizes.last(), Some(&700));
    assert!(sizes.len() >= 80, "only {} frames came", sizes.len());
}

#[test]
fn it_starts_with_the_layer_that_flows_and_goes_up_when_a_better_one_comes() {
    let mut call = Call::new(2);
    call.frames(30, &[0]);
    assert!(call.sizes().len() >= 25 && call.sizes().last() == Some(&300));
    call.frames(30, &[0, 1, 2]);
    assert_eq!(call.sizes().last(), Some(&1100));
}

#[test]
fn it_falls_back_when_its_layer_ends() {
    let mut call = Call::new(3);
    call.frames(30, &[0, 1, 2]);
    call.frames(120, &[0, 1]);
    assert_eq!(call.sizes().last(), Some(&700));
    let started = call.world.events.iter().filter(|event| matches!(event, Event::StreamStarted { .. })).count();
    assert_eq!(started, 3);
}

#[test]
fn a_paused_picture_goes_on_with_a_key_frame_and_no_gap() {
    let mut call = Call::new(4);
    call.frames(20, &[0, 1, 2]);
    call.tune(Tuning { paused: true, ..Tuning::default() });
    call.frames(20, &[0, 1, 2]);
    let before = call.sizes().len();
    call.frames(10, &[0, 1, 2]);
    assert_eq!(call.sizes().len(), before, "a paused picture went on");
    call.tune(Tuning::default());
    call.frames(20, &[0, 1, 2]);
    assert!(call.sizes().len() >= before + 15);
    let mut mute = |muted| {
        let publication = call.publication;
        call.world.command(Command::SetMuted { publication, muted });
    };
    mute(true);
    let before = call.sizes().len();
    call.frames(10, &[0, 1, 2]);
    assert!(call.sizes().len() <= before + 1);
    call.world.command(Command::SetMuted { publication: call.publication, muted: false });
    call.frames(20, &[0, 1, 2]);
    assert!(call.sizes().len() >= before + 15);
}

#[test]
fn loss_is_repaired_by_retransmission_both_ways() {
    let mut call = Call::new(5);
    call.frames(10, &[0, 1, 2]);
    call.world.clients[call.alice].loss.0 = 50;
    call.world.clients[call.bob].loss.1 = 50;
    call.frames(300, &[0, 1, 2]);
    call.world.clients[call.alice].loss.0 = 0;
    call.world.clients[call.bob].loss.1 = 0;
    call.frames(30, &[0, 1, 2]);
    call.world.run(Duration::from_secs(1));
    let mut numbers: Vec<u64> = call.world.received(call.bob, call.slot).iter().map(|packet| *packet.seq_no).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let span = numbers[numbers.len() - 1] - numbers[0] + 1;
    assert!(numbers.len() as f64 >= span as f64 * 0.98, "{} of {span}", numbers.len());
}

#[test]
fn padding_without_payload_costs_subscribers_nothing() {
    let mut call = Call::new(6);
    call.frames(10, &[0, 1, 2]);
    for _ in 0..20 {
        call.world.send(call.alice, call.camera, Some("f"), 1, false, &[]);
        call.world.run(Duration::from_millis(5));
    }
    call.frames(10, &[0, 1, 2]);
    call.world.run(Duration::from_millis(200));
    assert!(call.sizes().iter().all(|size| *size > 0));
    assert!(call.world.counter("dropped_padding") >= 20);
}

#[test]
fn a_narrow_link_loses_layers_then_the_picture_but_never_the_sound() {
    let mut world = World::new(7);
    let (alice, bob) = (world.join(false), world.join(false));
    let sent = world.offer(alice, (0, 0), &[(Kind::Audio, false), (Kind::Video, true)]);
    let slots = world.offer(bob, (1, 1), &[]);
    world.run(Duration::from_secs(1));
    let voice = world.publish(alice, sent[0], Kind::Audio);
    let camera = world.publish(alice, sent[1], Kind::Video);
    world.subscribe(bob, voice, slots[0]);
    let picture = world.subscribe(bob, camera, slots[1]);
    world.reoffer(bob);
    let mut keys = 0;
    let mut second = |world: &mut World, from: u32| {
        let (heard, seen) = (world.received(bob, slots[0]).len(), world.received(bob, slots[1]).len());
        for tick in 0..50 {
            let number = from * 50 + tick;
            world.send(alice, sent[0], None, number * 960, false, &[7; 80]);
            if tick % 2 == 0 {
                let asked = world.clients[alice].key_frames_asked;
                let key = asked > keys || number == 0;
                keys = asked;
                // 60, 240 and 900 kbit/s.
                for (rid, packets, size) in [("q", 1, 300), ("h", 1, 1200), ("f", 4, 1125)] {
                    for packet in 0..packets {
                        let payload = vp8((number / 2) as u16, key, packet == 0, size);
                        world.send(alice, sent[1], Some(rid), number * 1800, packet + 1 == packets, &payload);
                    }
                }
            }
            world.run(Duration::from_millis(20));
        }
        (world.received(bob, slots[0]).len() - heard, world.received(bob, slots[1]).len() - seen)
    };
    let mut clock = 0..;
    let mut seconds = |world: &mut World, count: u32| {
        let mut last = (0, 0);
        for _ in 0..count {
            last = second(world, clock.next().expect("endless"));
        }
        last
    };
    let (heard, seen) = seconds(&mut world, 10);
    assert!(heard >= 48 && seen >= 90, "before: {heard}, {seen}");
    world.clients[bob].rate_bps = Some(400_000);
    let (heard, seen) = seconds(&mut world, 20);
    assert!(heard >= 47 && (20..60).contains(&seen), "on 400 kbit/s: {heard}, {seen}");
    world.clients[bob].rate_bps = Some(100_000);
    let (heard, _) = seconds(&mut world, 30);
    assert!(heard >= 45, "on 100 kbit/s: {heard}");
    assert!(world.events.contains(&Event::Congestion { subscription: picture, paused: true }));
    world.clients[bob].rate_bps = None;
    let (heard, seen) = seconds(&mut world, 60);
    assert!(heard >= 48 && seen >= 20, "after: {heard}, {seen}");
    assert!(world.events.contains(&Event::Congestion { subscription: picture, paused: false }));
}
