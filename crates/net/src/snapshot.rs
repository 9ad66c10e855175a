//! The counters, read by other threads every 100 ms at most: the packet path shares nothing.

use incamera_sfu::Sfu;
use rustix::time::{ClockId, clock_gettime};

use crate::run::Ports;

/// Counters by name.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts.
    pub counts: Vec<(&'static str, u64)>,
    /// CPU time of the loop's thread, in seconds.
    pub cpu_seconds: f64,
}

impl Snapshot {
    pub(crate) fn read(sfu: &Sfu, ports: &Ports, dropped_events: u64) -> Snapshot {
        let mut counts = sfu.statistics().named();
        let (transports, publications, subscriptions) = sfu.population();
        let udp = ports.udp.counters;
        counts.extend([
            ("transports", transports as u64),
            ("publications", publications as u64),
            ("subscriptions", subscriptions as u64),
            ("sends", udp.sends),
            ("segments", udp.segments),
            ("receives", udp.receives),
            ("dropped_socket_full", udp.full),
            ("dropped_socket_error", udp.failed),
            ("dropped_events", dropped_events),
            ("gso", u64::from(ports.udp.has_gso())),
        ]);
        if let Some(tcp) = &ports.tcp {
            let tcp = tcp.counters;
            counts.extend([
                ("tcp_accepted", tcp.accepted),
                ("tcp_refused", tcp.refused),
                ("tcp_refused_crowded", tcp.refused_crowded),
                ("tcp_cut_slow", tcp.cut_slow),
                ("tcp_cut_malformed", tcp.cut_malformed),
            ]);
        }
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        Snapshot { counts, cpu_seconds: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9 }
    }
}
