//! A full ICE agent: what a check brings about, at once, and what nobody can bring about with one.

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::World;
use incamera_sfu::Kind;

fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([198, 18, (number >> 8) as u8, number as u8], 666))
}

/// A client that offered, and the first check that it sent; nothing of it has arrived yet.
fn first_check(world: &mut World) -> Vec<u8> {
    world.tape = Some(Vec::new());
    let client = world.join(false);
    world.offer(client, (1, 0), &[]);
    while world.tape.as_ref().is_some_and(Vec::is_empty) {
        world.run(Duration::from_millis(1));
    }
    world.tape.take().expect("recorded").remove(0).1
}

#[test]
fn a_check_is_answered_and_returned_in_the_same_moment() {
    let mut world = World::new(1);
    let check = first_check(&mut world);
    world.arrive(address(1), &check);
    world.flush();
    assert_eq!(world.elsewhere.len(), 2, "an answer, and a check of ours");
}

#[test]
fn an_address_that_answers_no_check_gets_three_datagrams_for_one() {
    let mut world = World::new(2);
    let check = first_check(&mut world);
    world.arrive(address(1), &check);
    world.run(Duration::from_secs(60));
    assert_eq!(world.elsewhere.len(), 3);
    assert!(world.elsewhere.iter().sum::<usize>() <= 3 * check.len(), "{:?} for {}", world.elsewhere, check.len());
    assert!(world.counter("checks_withheld") > 0);
}

#[test]
fn a_check_replayed_from_many_addresses_costs_little_and_harms_nobody() {
    let mut world = World::new(3);
    let check = first_check(&mut world);
    world.run(Duration::from_secs(1));
    for number in 1..=10_000 {
        world.arrive(address(number), &check);
    }
    assert!(world.counter("dropped_addresses") > 9_980);
    assert!(world.clients[0].connected);
    world.run(Duration::from_secs(60));
    assert!(world.elsewhere.len() <= 16 * 3);
    assert!(world.clients[0].rtc.is_connected(), "the client lost its connection");
}

#[test]
fn a_connection_stands_although_its_first_checks_or_their_answers_were_lost() {
    for loss in [(1000, 1000), (1000, 0), (0, 1000)] {
        let mut world = World::new(4);
        let client = world.join(false);
        world.clients[client].loss = loss;
        world.offer(client, (1, 0), &[(Kind::Audio, false)]);
        world.run(Duration::from_secs(1));
        assert!(!world.clients[client].connected);
        world.clients[client].loss = (0, 0);
        world.run(Duration::from_secs(4));
        assert!(world.clients[client].connected && world.counter("connected") == 1, "{loss:?}");
    }
}
