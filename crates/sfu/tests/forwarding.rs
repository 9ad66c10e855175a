//! What a subscriber receives of what a publisher sends.

mod common;

use std::time::Duration;

use common::{World, vp8};
use incamera_sfu::{Command, Event, Kind, RequestId};

#[test]
fn two_members_hear_and_see_each_other_over_one_connection_each() {
    let mut world = World::new(1);
    let (alice, bob) = (world.join(false), world.join(false));
    let sent = world.offer(alice, (1, 1), &[(Kind::Audio, false), (Kind::Video, false)]);
    let slots = world.offer(bob, (1, 1), &[]);
    world.run(Duration::from_secs(1));
    assert!(world.clients[alice].connected && world.clients[bob].connected);
    let connected = world.events.iter().filter(|event| matches!(event, Event::Connected { .. })).count();
    assert_eq!(connected, 2);
    let voice = world.publish(alice, sent[0], Kind::Audio);
    let camera = world.publish(alice, sent[1], Kind::Video);
    world.subscribe(bob, voice, slots[0]);
    world.subscribe(bob, camera, slots[1]);
    world.reoffer(bob);
    for number in 0..50u32 {
        world.send(alice, sent[0], None, number * 960, false, &[7; 60]);
        world.send(alice, sent[1], None, number * 1800, true, &vp8(number as u16, number == 0, true, 900));
        world.run(Duration::from_millis(20));
    }
    world.run(Duration::from_millis(500));
    for (place, expected) in [(0, 50), (1, 50)] {
        let announced = world.section(bob, slots[place]).ssrc;
        let received = world.received(bob, slots[place]);
        assert_eq!(received.len(), expected);
        assert!(received.windows(2).all(|pair| *pair[1].seq_no == *pair[0].seq_no + 1));
        assert!(*received[0].seq_no < 65_536);
        assert!(received.iter().all(|packet| Some(*packet.header.ssrc) == announced));
    }
    assert!(world.events.iter().any(|event| matches!(event, Event::StreamStarted { mime: "video/VP8", layer: 0, .. })));
    assert!(
        world
            .events
            .iter()
            .any(|event| matches!(event, Event::AudioLevels { levels } if levels[0].0 == voice && levels[0].1 == 20))
    );
}

#[test]
fn a_subscription_has_an_ssrc_pair_that_no_other_had() {
    let mut world = World::new(2);
    let (alice, bob) = (world.join(false), world.join(false));
    let sent = world.offer(alice, (0, 0), &[(Kind::Video, false)]);
    let slots = world.offer(bob, (0, 1), &[]);
    world.run(Duration::from_secs(1));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let camera = world.publish(alice, sent[0], Kind::Video);
        let subscription = world.subscribe(bob, camera, slots[0]);
        world.reoffer(bob);
        let section = world.section(bob, slots[0]).clone();
        assert!(seen.insert(section.ssrc.expect("an SSRC")), "an SSRC came back");
        assert!(seen.insert(section.rtx_ssrc.expect("an RTX SSRC")), "an SSRC came back");
        world.command(Command::Unsubscribe { subscription });
        world.command(Command::Unpublish { publication: camera });
    }
}

#[test]
fn the_server_offers_a_subscribers_connection_and_uses_its_sections_again() {
    use incamera_sfu::{OfferedSection, SubscriptionId};
    let mut world = World::new(3);
    let (alice, bob) = (world.join(false), world.join(false));
    let sent = world.offer(alice, (0, 0), &[(Kind::Audio, false), (Kind::Video, false)]);
    world.run(Duration::from_secs(1));
    let voice = world.publish(alice, sent[0], Kind::Audio);
    let camera = world.publish(alice, sent[1], Kind::Video);
    let transport = world.clients[bob].id;
    let section =
        |subscription, kind| OfferedSection { subscription, kind, stream: "PA_a|TR_b".into(), track: "TR_b".into() };
    let mut mids = Vec::new();
    for round in 0..3u64 {
        let (first, second) = (SubscriptionId(100 + round * 2), SubscriptionId(101 + round * 2));
        let add = vec![section(first, Kind::Audio), section(second, Kind::Video)];
        let request = RequestId(1000 + round);
        let remove = std::mem::take(&mut mids);
        world.command(Command::MakeOffer { transport, request, add, remove, ice_restart: round == 2 });
        world.settle();
        let offered = world.events.iter().rev().find_map(|event| match event {
            Event::Offered { mids, sdp, .. } => Some((mids.clone(), sdp.clone())),
            _ => None,
        });
        let (offered, sdp) = offered.expect("offered");
        assert!(sdp.contains("a=msid:PA_a|TR_b TR_b"));
        for ((subscription, mid), publication) in offered.iter().zip([voice, camera]) {
            world.command(Command::Subscribe { subscription: *subscription, publication, transport, mid: mid.clone() });
        }
        mids = offered.iter().map(|(_, mid)| mid.clone()).collect();
        world.clients[bob].received.clear();
        world.run(Duration::from_secs(1));
        assert!(world.clients[bob].connected);
        for number in 0..20u32 {
            world.send(alice, sent[0], None, (round as u32 * 20 + number) * 960, false, &[7; 60]);
            world.send(
                alice,
                sent[1],
                None,
                (round as u32 * 20 + number) * 1800,
                true,
                &vp8(number as u16, number == 0, true, 900),
            );
            world.run(Duration::from_millis(20));
        }
        world.run(Duration::from_millis(200));
        for (_, mid) in &offered {
            assert_eq!(world.received(bob, mid.as_str().into()).len(), 20, "round {round}, section {mid}");
        }
        for (subscription, _) in offered {
            world.command(Command::Unsubscribe { subscription });
        }
    }
    assert_eq!(mids.len(), 2);
}

#[test]
fn data_frames_pass_in_order_and_those_sent_too_early_wait() {
    use incamera_sfu::Channel;
    let mut world = World::new(4);
    let alice = world.join(false);
    world.offer(alice, (1, 0), &[]);
    let transports = vec![world.clients[alice].id];
    world.command(Command::SendData {
        transports: transports.clone(),
        channel: Channel::Reliable,
        payload: b"early".to_vec(),
    });
    world.command(Command::SendData {
        transports: transports.clone(),
        channel: Channel::Lossy,
        payload: b"lost".to_vec(),
    });
    world.run(Duration::from_secs(2));
    world.command(Command::SendData { transports, channel: Channel::Reliable, payload: b"late".to_vec() });
    let id = world.clients[alice].channels["_reliable"];
    assert!(world.clients[alice].rtc.channel(id).expect("open").write(true, b"up").expect("written"));
    world.run(Duration::from_secs(1));
    let frames: Vec<&[u8]> = world.clients[alice].data.iter().map(|(_, frame)| &frame[..]).collect();
    assert_eq!(frames, [&b"early"[..], &b"late"[..]]);
    assert!(world.events.iter().any(
        |event| matches!(event, Event::DataReceived { channel: Channel::Reliable, payload, .. } if payload == b"up")
    ));
    assert_eq!(world.counter("dropped_data"), 1);
}
