//! The loop: one thread, one `now` a batch. Wake → receive → (wait a little for the rest of a frame) → flush → timers.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use incamera_sfu::{Command, Protocol, Route, Sfu, Sink};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::failure::{self, Failure};
use crate::mailbox::Mailbox;
use crate::snapshot::Snapshot;
use crate::tcp::TcpPort;
use crate::udp::UdpPort;

/// Batches of receives before what they left is flushed: bounds a packet's wait under load.
const RECEIVES: usize = 4;
/// How often a frame's missing packets are waited for.
const GATHERS: usize = 2;
/// Commands of one turn.
const COMMANDS: usize = 256;
/// Between two readings of the counters.
const SNAPSHOT: Duration = Duration::from_millis(100);
/// Places of panics that nobody has asked for yet; later ones are counted (`faults`) and not kept.
const PLACES: usize = 16;

/// What other threads share with the loop.
pub(crate) struct Shared {
    /// Written by others to wake the loop.
    pub(crate) wake: OwnedFd,
    /// Written by the loop while events wait.
    pub(crate) news: OwnedFd,
    pub(crate) mailbox: Mutex<Mailbox>,
    pub(crate) snapshot: Mutex<Snapshot>,
    pub(crate) faults: Mutex<Vec<String>>,
    pub(crate) failure: Mutex<Option<Failure>>,
}

/// What lies behind a lock, after a panic under it too: each is whole between any two steps of ours.
pub(crate) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sockets, as the core's sink.
pub(crate) struct Ports {
    pub(crate) udp: UdpPort,
    pub(crate) tcp: Option<TcpPort>,
}

impl Sink for Ports {
    fn send(&mut self, route: &Route, bytes: &[u8], ends: &[usize]) {
        match route.protocol {
            Protocol::Udp => self.udp.send(route, bytes, ends),
            Protocol::Tcp => {
                if let Some(tcp) = &mut self.tcp {
                    tcp.send(route, bytes, ends);
                }
            }
        }
    }
}

/// Run until the commands' sender is gone.
pub(crate) fn run(
    mut sfu: Sfu,
    mut ports: Ports,
    commands: &Receiver<Command>,
    shared: &Arc<Shared>,
    gather: Duration,
) -> io::Result<()> {
    // Else a 100 µs wait takes 150 (timer slack is 50 µs by default).
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    let mut read_at = Instant::now();
    let mut dropped_events = 0;
    loop {
        let wait = if sfu.wants_flush() {
            Duration::ZERO
        } else {
            sfu.poll_timeout().saturating_duration_since(Instant::now())
        };
        let ready = wait_for(&ports, shared, wait.min(SNAPSHOT))?;
        let now = Instant::now();
        if ready.wake {
            let mut count = [0; 8];
            let _ = rustix::io::read(&shared.wake, &mut count);
        }
        for _ in 0..COMMANDS {
            match commands.try_recv() {
                Ok(command) => sfu.handle_command(now, command),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    sfu.flush(now, &mut ports);
                    return Ok(());
                }
            }
        }
        if ready.udp {
            for _ in 0..RECEIVES {
                if !ports.udp.receive(|route, datagram| sfu.handle_datagram(now, route, datagram))? {
                    break;
                }
            }
            for _ in 0..GATHERS {
                if gather.is_zero() || !sfu.has_open_frames() {
                    break;
                }
                // A sleep, not a wait for readability: that would end at the frame's next packet, and a frame of six come
                // 20 µs apart would go out in three turns.
                std::thread::sleep(gather);
                let later = Instant::now();
                ports.udp.receive(|route, datagram| sfu.handle_datagram(later, route, datagram))?;
            }
        }
        if ready.tcp
            && let Some(tcp) = &mut ports.tcp
        {
            tcp.serve(now, |route, datagram| sfu.handle_datagram(now, route, datagram))?;
        }
        let now = Instant::now();
        sfu.flush(now, &mut ports);
        if sfu.poll_timeout() <= now {
            sfu.handle_timeout(now);
            sfu.flush(now, &mut ports);
        }
        publish(&mut sfu, shared, &mut dropped_events);
        if let Some(place) = failure::caught() {
            report(shared, place);
        }
        if now >= read_at {
            read_at = now + SNAPSHOT;
            *locked(&shared.snapshot) = Snapshot::read(&sfu, &ports, dropped_events);
        }
    }
}

struct Ready {
    udp: bool,
    wake: bool,
    tcp: bool,
}

fn wait_for(ports: &Ports, shared: &Shared, wait: Duration) -> io::Result<Ready> {
    let mut descriptors = [
        PollFd::new(ports.udp.socket(), PollFlags::IN),
        PollFd::new(&shared.wake, PollFlags::IN),
        PollFd::new(&shared.wake, PollFlags::IN),
    ];
    let mut count = 2;
    if let Some(tcp) = &ports.tcp {
        descriptors[2] = PollFd::from_borrowed_fd(tcp.descriptor(), PollFlags::IN);
        count = 3;
    }
    poll_once(&mut descriptors[..count], wait)?;
    let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
    Ok(Ready {
        udp: is_ready(&descriptors[0]),
        wake: is_ready(&descriptors[1]),
        tcp: count == 3 && is_ready(&descriptors[2]),
    })
}

fn poll_once(descriptors: &mut [PollFd<'_>], wait: Duration) -> io::Result<()> {
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
    match poll(descriptors, Some(&wait)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn publish(sfu: &mut Sfu, shared: &Shared, dropped: &mut u64) {
    let Some(first) = sfu.poll_event() else { return };
    let mut mailbox = locked(&shared.mailbox);
    let mut next = Some(first);
    while let Some(event) = next {
        *dropped += u64::from(!mailbox.put(event));
        next = sfu.poll_event();
    }
    drop(mailbox);
    signal(&shared.news);
}

/// A panic that ended one connection, and not the loop.
fn report(shared: &Shared, place: String) {
    let mut faults = locked(&shared.faults);
    if faults.len() < PLACES {
        faults.push(place);
    }
    drop(faults);
    signal(&shared.news);
}

/// Make an eventfd readable; it saturates rather than fails.
pub(crate) fn signal(descriptor: &OwnedFd) {
    let _ = rustix::io::write(descriptor, &1u64.to_ne_bytes());
}
