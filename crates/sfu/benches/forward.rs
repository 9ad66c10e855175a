//! What forwarding costs without sockets: CPU time of the core alone, a packet, on the loads of
//! docs/explanation/performance.md. `cargo bench -p incamera-sfu --bench forward [-- a b c]`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::{World, vp8};
use incamera_sfu::Kind;
use rustix::time::{ClockId, clock_gettime};
use str0m::media::Mid;

const MEMBERS: usize = 30;
const WINDOW: Duration = Duration::from_secs(3);

struct Load {
    name: &'static str,
    /// Senders of pictures, packets a frame, pictures that each member watches.
    video: (usize, usize, usize),
    /// Who sends sound, and how many of them speak.
    audio: (usize, usize),
}

const LOADS: [Load; 3] = [
    Load { name: "a", video: (1, 5, 1), audio: (0, 0) },
    Load { name: "b", video: (0, 0, 0), audio: (30, 3) },
    Load { name: "c", video: (30, 1, 9), audio: (30, 3) },
];

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    for load in LOADS.iter().filter(|load| chosen.is_empty() || chosen.iter().any(|name| name == load.name)) {
        measure(load);
    }
}

fn measure(load: &Load) {
    let mut world = World::new(1);
    let mut sections: Vec<(Option<Mid>, Option<Mid>)> = Vec::new();
    let mut slots: Vec<Vec<Mid>> = Vec::new();
    for number in 0..MEMBERS {
        let client = world.join(false);
        let sends_video = number < load.video.0;
        let sends_audio = number < load.audio.0;
        let mut send = Vec::new();
        send.extend(sends_audio.then_some((Kind::Audio, false)));
        send.extend(sends_video.then_some((Kind::Video, false)));
        let audios = load.audio.0.saturating_sub(usize::from(sends_audio));
        let mids = world.offer(client, (audios, load.video.2), &send);
        let (own, receive) = mids.split_at(send.len());
        let mut own = own.iter().copied();
        sections
            .push((sends_audio.then(|| own.next().expect("a mid")), sends_video.then(|| own.next().expect("a mid"))));
        slots.push(receive.to_vec());
    }
    world.run(Duration::from_secs(2));
    let mut publications = Vec::new();
    for (client, (audio, video)) in sections.clone().into_iter().enumerate() {
        let audio = audio.map(|mid| world.publish(client, mid, Kind::Audio));
        let video = video.map(|mid| world.publish(client, mid, Kind::Video));
        publications.push((audio, video));
    }
    for (client, free) in slots.iter().enumerate() {
        let mut free = free.iter().copied();
        for (other, (audio, _)) in publications.iter().enumerate() {
            if let Some(audio) = audio.filter(|_| other != client) {
                world.subscribe(client, audio, free.next().expect("a section"));
            }
        }
        for distance in 1..=load.video.2.max(1) {
            let other = if load.video.0 == 1 { 0 } else { (client + distance) % MEMBERS };
            if let Some(video) = publications[other].1.filter(|_| other != client) {
                world.subscribe(client, video, free.next().expect("a section"));
            }
        }
        world.reoffer(client);
    }
    world.run(Duration::from_secs(1));
    world.meter = Some(cpu);
    let before = world.sfu.statistics().clone();
    let (mut tick, end) = (0u32, world.now + WINDOW);
    while world.now < end {
        for (client, (audio, video)) in sections.iter().enumerate() {
            // Members are out of step with one another: by a millisecond each.
            let phase = tick + client as u32;
            if let Some(audio) = audio
                && if client < load.audio.1 { phase.is_multiple_of(20) } else { phase.is_multiple_of(400) }
            {
                world.send(client, *audio, None, tick * 48, false, &[7; 90]);
            }
            if let Some(video) = video.filter(|_| phase.is_multiple_of(33)) {
                for packet in 0..load.video.1 {
                    let payload = vp8((phase / 33) as u16, phase < 100, packet == 0, 1130);
                    world.send(client, video, None, tick * 90, packet + 1 == load.video.1, &payload);
                }
            }
        }
        tick += 1;
        world.run(Duration::from_millis(1));
    }
    let after = world.sfu.statistics();
    let packets = after.packets_out - before.packets_out;
    println!(
        "{}: {packets} packets out, {} ns each; {} datagrams in, {} sending turns, {} timed turns",
        load.name,
        world.spent.as_nanos() / u128::from(packets.max(1)),
        after.datagrams_in - before.datagrams_in,
        after.turns_sending - before.turns_sending,
        after.turns_timed - before.turns_timed,
    );
}
