//! The media core for Python: convert, call, release the GIL.

use std::net::SocketAddr;
use std::time::Duration;

use incamera_net::{Cause, Config, Core};
use incamera_sfu::{
    Channel, Command, Event, Flow, Kind, OfferedSection, Protocol, PublicationId, RequestId, Section, SectionKind,
    SubscriptionId, TransportId, Tuning,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::errors::{invalid, unbound};

/// The running core: one thread of its own, no GIL for packets.
#[pyclass(frozen)]
pub(crate) struct MediaCore {
    core: std::sync::Mutex<Core>,
}

#[pymethods]
impl MediaCore {
    #[new]
    #[pyo3(signature = (udp, tcp, announce_udp, announce_tcp, *, udp_candidates, batch_us, gso, tcp_per_address, event_bytes))]
    #[allow(clippy::too_many_arguments)] // CoreConfig's fields, one by one, and two limits.
    fn new(
        py: Python<'_>,
        udp: &str,
        tcp: Option<&str>,
        announce_udp: Vec<String>,
        announce_tcp: Vec<String>,
        udp_candidates: bool,
        batch_us: u64,
        gso: bool,
        tcp_per_address: usize,
        event_bytes: usize,
    ) -> PyResult<Self> {
        let config = Config {
            udp: address(udp)?,
            tcp: tcp.map(address).transpose()?,
            announce_udp: announce_udp.iter().map(|text| address(text)).collect::<PyResult<_>>()?,
            announce_tcp: announce_tcp.iter().map(|text| address(text)).collect::<PyResult<_>>()?,
            udp_candidates,
            gather: Duration::from_micros(batch_us),
            gso,
            tcp_per_address,
            event_bytes,
        };
        let core = py.detach(|| Core::start(&config)).map_err(|error| unbound(&error))?;
        Ok(MediaCore { core: std::sync::Mutex::new(core) })
    }

    #[getter]
    fn udp_port(&self) -> u16 {
        self.locked().udp_port()
    }

    #[getter]
    fn tcp_port(&self) -> Option<u16> {
        self.locked().tcp_port()
    }

    fn fileno(&self) -> i32 {
        self.locked().descriptor()
    }

    fn open_transport(&self, transport: u64, ice_lite: bool) {
        self.send(Command::OpenTransport { transport: TransportId(transport), ice_lite });
    }

    fn accept_offer(&self, transport: u64, request: u64, sdp: String) {
        self.send(Command::AcceptOffer { transport: TransportId(transport), request: RequestId(request), sdp });
    }

    fn make_offer(
        &self,
        transport: u64,
        request: u64,
        add: Vec<(u64, String, String, String)>,
        remove: Vec<String>,
        ice_restart: bool,
    ) -> PyResult<()> {
        let add = add
            .into_iter()
            .map(|(subscription, kind, stream, track)| {
                Ok(OfferedSection {
                    subscription: SubscriptionId(subscription),
                    kind: self::kind(&kind)?,
                    stream,
                    track,
                })
            })
            .collect::<PyResult<_>>()?;
        self.send(Command::MakeOffer {
            transport: TransportId(transport),
            request: RequestId(request),
            add,
            remove,
            ice_restart,
        });
        Ok(())
    }

    fn accept_answer(&self, transport: u64, request: u64, sdp: String) {
        self.send(Command::AcceptAnswer { transport: TransportId(transport), request: RequestId(request), sdp });
    }

    fn add_candidate(&self, transport: u64, candidate: String) {
        self.send(Command::AddCandidate { transport: TransportId(transport), candidate });
    }

    fn close_transport(&self, transport: u64) {
        self.send(Command::CloseTransport { transport: TransportId(transport) });
    }

    fn publish(&self, publication: u64, transport: u64, mid: String, kind: &str) -> PyResult<()> {
        let kind = self::kind(kind)?;
        self.send(Command::Publish {
            publication: PublicationId(publication),
            transport: TransportId(transport),
            mid,
            kind,
        });
        Ok(())
    }

    fn set_muted(&self, publication: u64, muted: bool) {
        self.send(Command::SetMuted { publication: PublicationId(publication), muted });
    }

    fn unpublish(&self, publication: u64) {
        self.send(Command::Unpublish { publication: PublicationId(publication) });
    }

    fn subscribe(&self, subscription: u64, publication: u64, transport: u64, mid: String) {
        self.send(Command::Subscribe {
            subscription: SubscriptionId(subscription),
            publication: PublicationId(publication),
            transport: TransportId(transport),
            mid,
        });
    }

    fn tune(&self, subscription: u64, paused: bool, max_layer: u8, max_fps: Option<u32>, priority: i32) {
        let tuning = Tuning { paused, max_layer, max_fps, priority };
        self.send(Command::Tune { subscription: SubscriptionId(subscription), tuning });
    }

    fn unsubscribe(&self, subscription: u64) {
        self.send(Command::Unsubscribe { subscription: SubscriptionId(subscription) });
    }

    fn request_key_frame(&self, publication: u64) {
        self.send(Command::RequestKeyFrame { publication: PublicationId(publication) });
    }

    fn send_data(&self, transports: Vec<u64>, channel: &str, payload: &[u8]) -> PyResult<()> {
        let channel = match channel {
            "reliable" => Channel::Reliable,
            "lossy" => Channel::Lossy,
            other => return Err(invalid("no such channel", other)),
        };
        let transports = transports.into_iter().map(TransportId).collect();
        self.send(Command::SendData { transports, channel, payload: payload.to_vec() });
        Ok(())
    }

    /// All events that wait, in order: each a tuple whose first item is its name.
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let events = self.locked().events();
        let list = PyList::empty(py);
        for event in events {
            list.append(tuple(py, event)?)?;
        }
        Ok(list)
    }

    /// Where the thread panicked without ending, since this was asked before.
    fn faults(&self) -> Vec<String> {
        self.locked().faults()
    }

    /// Why the thread has ended, if nobody asked it to: its cause by name, and where.
    fn failure(&self) -> Option<(&'static str, String)> {
        let failure = self.locked().failure()?;
        let cause = match failure.cause {
            Cause::Panic => "panic",
            Cause::Io => "io",
        };
        Some((cause, failure.place))
    }

    /// Counters since the start, by name.
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = self.locked().statistics();
        let counters = PyDict::new(py);
        for (name, count) in snapshot.counts {
            counters.set_item(name, count)?;
        }
        counters.set_item("cpu_seconds", snapshot.cpu_seconds)?;
        Ok(counters)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.locked().close());
    }
}

impl MediaCore {
    fn locked(&self) -> std::sync::MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn send(&self, command: Command) {
        // A closed core has nobody left to tell.
        let _ = self.locked().send(command);
    }
}

fn address(text: &str) -> PyResult<SocketAddr> {
    text.parse().map_err(|_| invalid("not an address (ip:port)", text))
}

fn kind(text: &str) -> PyResult<Kind> {
    match text {
        "audio" => Ok(Kind::Audio),
        "video" => Ok(Kind::Video),
        other => Err(invalid("neither audio nor video", other)),
    }
}

fn tuple(py: Python<'_>, event: Event) -> PyResult<Bound<'_, PyTuple>> {
    match event {
        Event::Answered { transport, request, sdp, sections } => {
            ("answered", transport.0, request.0, sdp, rows(py, sections)?).into_pyobject(py)
        }
        Event::Offered { transport, request, sdp, sections, mids } => {
            let mids: Vec<(u64, String)> = mids.into_iter().map(|(subscription, mid)| (subscription.0, mid)).collect();
            ("offered", transport.0, request.0, sdp, rows(py, sections)?, mids).into_pyobject(py)
        }
        Event::Settled { transport, request } => ("settled", transport.0, request.0).into_pyobject(py),
        Event::Declined { transport, request, code, reason } => {
            ("declined", transport.0, request.0, code, reason).into_pyobject(py)
        }
        Event::Connected { transport, protocol } => {
            let protocol = match protocol {
                Protocol::Udp => "udp",
                Protocol::Tcp => "tcp",
            };
            ("connected", transport.0, protocol).into_pyobject(py)
        }
        Event::Disconnected { transport, reason } => ("disconnected", transport.0, reason).into_pyobject(py),
        Event::StreamStarted { publication, layer, rid, ssrc, mime } => {
            ("stream_started", publication.0, layer, rid, ssrc, mime).into_pyobject(py)
        }
        Event::AudioLevels { levels } => {
            let levels: Vec<(u64, u8, f32)> =
                levels.into_iter().map(|(publication, level, share)| (publication.0, level, share)).collect();
            ("audio_levels", levels).into_pyobject(py)
        }
        Event::DataReceived { transport, channel, payload } => {
            let channel = match channel {
                Channel::Reliable => "reliable",
                Channel::Lossy => "lossy",
            };
            ("data_received", transport.0, channel, PyBytes::new(py, &payload)).into_pyobject(py)
        }
        Event::Congestion { subscription, paused } => ("congestion", subscription.0, paused).into_pyobject(py),
        Event::LinkQuality { transport, loss_up, loss_down, rtt_ms, estimate_bps } => {
            ("link_quality", transport.0, loss_up, loss_down, rtt_ms, estimate_bps).into_pyobject(py)
        }
    }
}

fn rows(py: Python<'_>, sections: Vec<Section>) -> PyResult<Bound<'_, PyList>> {
    let rows = PyList::empty(py);
    for section in sections {
        let kind = match section.kind {
            SectionKind::Audio => "audio",
            SectionKind::Video => "video",
            SectionKind::Application => "application",
        };
        let direction = match section.direction {
            Flow::SendOnly => "sendonly",
            Flow::RecvOnly => "recvonly",
            Flow::Inactive => "inactive",
        };
        rows.append((section.mid, kind, direction, section.ssrc, section.rtx_ssrc, section.rids, section.cids))?;
    }
    Ok(rows)
}
