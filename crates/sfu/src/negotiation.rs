//! Offers and answers: str0m's SDP machinery, with our candidates, our SSRC pairs and our caution around it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::IceCreds;
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::channel::{ChannelConfig, Reliability};
use str0m::media::{Direction, MediaKind, Mid};

use crate::announcement::{announce, connect, declare_new, stream, withdraw};
use crate::command::{Channel, Kind, OfferedSection, RequestId, TransportId};
use crate::event::{Event, Flow, Section, SectionKind};
use crate::sdp::{self, ClientSection};
use crate::transport::{Egress, Offer, State};
use crate::{Sfu, candidates};

impl Sfu {
    fn decline(&mut self, transport: TransportId, request: RequestId, code: &'static str, reason: impl Into<String>) {
        self.events.push_back(Event::Declined { transport, request, code, reason: reason.into() });
    }

    pub(crate) fn accept_offer(&mut self, now: Instant, id: TransportId, request: RequestId, text: &str) {
        let Some(index) = self.index(id) else {
            return self.decline(id, request, "transport.unknown", "There is no such transport.");
        };
        if let Some(profile) = sdp::unencrypted_profile(text) {
            let reason =
                format!("The profile {profile:.40} is not encrypted; only UDP/TLS/RTP/SAVPF and UDP/DTLS/SCTP are.");
            return self.decline(id, request, "sdp.profile", reason);
        }
        if !self.transports.get(index).expect("indexed").rtc.is_alive() {
            return self.decline(id, request, "transport.lost", "The connection is closed; open another.");
        }
        let offer = match parse(|| SdpOffer::from_sdp_string(&sdp::without_candidates(text))) {
            Ok(offer) => offer,
            Err(reason) => return self.decline(id, request, "sdp.malformed", reason),
        };
        let transport = self.transports.get_mut(index).expect("indexed");
        announce(transport);
        let accepted = guarded(|| transport.rtc.sdp_api().accept_offer(offer));
        let answer = match accepted {
            Ok(answer) => answer.to_sdp_string(),
            Err(reason) => {
                withdraw(transport);
                if !transport.rtc.is_alive() {
                    self.lose(index, reason.clone());
                }
                return self.decline(id, request, "sdp.refused", reason);
            }
        };
        transport.offer = None;
        let client = sdp::sections(text);
        self.settle(index, &client, now);
        let sections = self.sections(index, &client);
        self.withdraw(index);
        let sdp = sdp::with_candidates(&answer, &candidates::lines(&self.candidates));
        self.events.push_back(Event::Answered { transport: id, request, sdp, sections });
        self.turn(index, now);
    }

    pub(crate) fn make_offer(
        &mut self,
        now: Instant,
        id: TransportId,
        request: RequestId,
        add: &[OfferedSection],
        remove: &[String],
        ice_restart: bool,
    ) {
        let Some(index) = self.index(id) else {
            return self.decline(id, request, "transport.unknown", "There is no such transport.");
        };
        let transport = self.transports.get_mut(index).expect("indexed");
        if transport.offer.is_some() {
            return self.decline(id, request, "offer.pending", "An offer of this transport waits for its answer.");
        }
        if !transport.rtc.is_alive() {
            return self.decline(id, request, "transport.lost", "The connection is closed.");
        }
        let first = matches!(transport.state, State::Idle);
        let removed: Vec<Mid> = remove.iter().map(|mid| Mid::from(mid.as_str())).collect();
        // A section that is free, of the same kind, is used again: sections never go away, and clients pay for each.
        let mut reused: Vec<(Mid, &OfferedSection)> = Vec::new();
        let mut added: Vec<&OfferedSection> = Vec::new();
        for section in add {
            let free = transport
                .idle
                .iter()
                .position(|(mid, kind)| *kind == section.kind && transport.rtc.media(*mid).is_some());
            match free {
                Some(place) => reused.push((transport.idle.remove(place).0, section)),
                None => added.push(section),
            }
        }
        announce(transport);
        for (mid, section) in &reused {
            let pair = declare_new(&mut transport.rtc, *mid, section.kind == Kind::Video);
            transport.announced.push((*mid, pair));
        }
        let mut mids = Vec::new();
        let mut api = transport.rtc.sdp_api();
        if first {
            for channel in [Channel::Reliable, Channel::Lossy] {
                let reliability = match channel {
                    Channel::Reliable => Reliability::Reliable,
                    Channel::Lossy => Reliability::MaxRetransmits { retransmits: 0 },
                };
                let ordered = channel == Channel::Reliable;
                api.add_channel_with_config(ChannelConfig {
                    label: channel.label().into(),
                    ordered,
                    reliability,
                    ..Default::default()
                });
            }
        }
        for mid in &removed {
            api.set_direction(*mid, Direction::Inactive);
        }
        for (mid, section) in &reused {
            api.set_direction(*mid, Direction::SendOnly);
            mids.push((section.subscription, mid.to_string()));
        }
        for section in added {
            let kind = match section.kind {
                Kind::Audio => MediaKind::Audio,
                Kind::Video => MediaKind::Video,
            };
            let mid = api.add_media(
                kind,
                Direction::SendOnly,
                Some(section.stream.clone()),
                Some(section.track.clone()),
                None,
            );
            mids.push((section.subscription, mid.to_string()));
            transport.offered.push(mid);
        }
        let new_ufrag = ice_restart.then(|| api.ice_restart(true).ufrag);
        let applied = api.apply();
        withdraw(transport);
        let Some((offer, pending)) = applied else {
            return self.decline(id, request, "offer.empty", "There is nothing to negotiate.");
        };
        transport.offer = Some(Offer { pending, restarts_ice: ice_restart });
        for mid in removed {
            if let Some(media) = transport.rtc.media(mid)
                && !transport.idle.iter().any(|(idle, _)| *idle == mid)
            {
                let kind = if media.kind().is_audio() { Kind::Audio } else { Kind::Video };
                transport.idle.push((mid, kind));
            }
        }
        if first {
            transport.state = State::Handshaking { since: now, bytes: 0 };
        }
        if let Some(ufrag) = new_ufrag {
            self.demux.name(&mut transport.held, index, &ufrag);
        }
        let mut text = offer.to_sdp_string();
        for (mid, section) in &reused {
            text = sdp::with_msid(&text, mid, &section.stream, &section.track);
        }
        let text = sdp::with_candidates(&text, &candidates::lines(&self.candidates));
        let sections = offered_sections(&text);
        self.events.push_back(Event::Offered { transport: id, request, sdp: text, sections, mids });
        self.turn(index, now);
    }

    pub(crate) fn accept_answer(&mut self, now: Instant, id: TransportId, request: RequestId, text: &str) {
        let Some(index) = self.index(id) else {
            return self.decline(id, request, "transport.unknown", "There is no such transport.");
        };
        if let Some(profile) = sdp::unencrypted_profile(text) {
            return self.decline(id, request, "sdp.profile", format!("The profile {profile:.40} is not encrypted."));
        }
        let answer = match parse(|| SdpAnswer::from_sdp_string(&sdp::without_candidates(text))) {
            Ok(answer) => answer,
            Err(reason) => return self.decline(id, request, "sdp.malformed", reason),
        };
        let transport = self.transports.get_mut(index).expect("indexed");
        let Some(offer) = transport.offer.take() else {
            return self.decline(id, request, "answer.unexpected", "No offer of this transport waits for an answer.");
        };
        // A client that restarts ICE on its own accord has new credentials in its answer (Pion does, on a quick second
        // offer); str0m would reject all its checks, silently. Follow them.
        if let Some((ufrag, pass)) = sdp::ice_credentials(text).filter(|_| !offer.restarts_ice && transport.described) {
            transport.rtc.direct_api().set_remote_ice_credentials(IceCreds { ufrag, pass });
        }
        announce(transport);
        if let Err(reason) = guarded(|| transport.rtc.sdp_api().accept_answer(offer.pending, answer)) {
            withdraw(transport);
            if !transport.rtc.is_alive() {
                self.lose(index, reason.clone());
            }
            return self.decline(id, request, "sdp.refused", reason);
        }
        self.settle(index, &sdp::sections(text), now);
        self.withdraw(index);
        self.events.push_back(Event::Settled { transport: id, request });
        self.turn(index, now);
    }

    fn withdraw(&mut self, index: u32) {
        if let Some(transport) = self.transports.get_mut(index) {
            withdraw(transport);
        }
    }

    /// What follows from a description that was taken: names, streams, payload types.
    fn settle(&mut self, index: u32, client: &[ClientSection], now: Instant) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        let ufrag = transport.rtc.direct_api().local_ice_credentials().ufrag;
        self.demux.name(&mut transport.held, index, &ufrag);
        if matches!(transport.state, State::Idle | State::Lost) {
            transport.state = State::Handshaking { since: now, bytes: 0 };
        }
        transport.described = true;
        for section in client {
            let mid = Mid::from(section.mid.as_str());
            if !transport.sections.contains(&mid) {
                transport.sections.push(mid);
            }
        }
        transport.rids = client
            .iter()
            .filter(|section| !section.rids.is_empty())
            .map(|section| (Mid::from(section.mid.as_str()), section.rids.clone()))
            .collect();
        for (mid, publication) in &transport.published {
            if let Some(publication) = self.publications.get_mut(*publication)
                && let Some((_, rids)) = transport.rids.iter().find(|(known, _)| known == mid)
            {
                publication.rids.clone_from(rids);
                publication.simulcast = rids.len() > 1;
            }
        }
        // The streams that this description told the client of, where it has sections of ours.
        let told: Vec<Mid> =
            transport.egress.iter().map(|egress| egress.mid).chain(transport.offered.drain(..)).collect();
        for mid in told {
            if !transport.announced.iter().any(|(known, _)| *known == mid)
                && let Some(pair) = stream(&mut transport.rtc, mid)
            {
                transport.announced.push((mid, pair));
            }
        }
        for place in 0..transport.egress.len() {
            let Egress { mid, subscription, publication } = transport.egress[place];
            let Some(publication) = self.publications.get_mut(publication) else { continue };
            let Some(subscription) = publication.subscriptions.iter_mut().find(|s| s.id == subscription) else {
                continue;
            };
            subscription.mapped = None;
            let max = subscription.max_layer();
            if transport.rtc.media(mid).is_some_and(|media| media.direction().is_sending())
                && connect(transport, subscription)
                && publication.kind == Kind::Video
            {
                let target = publication.target(max, now);
                publication.want_key_frame(target);
            }
        }
        self.request_wanted_key_frames(now);
    }

    /// The description's sections as the core sees them.
    fn sections(&mut self, index: u32, client: &[ClientSection]) -> Vec<Section> {
        let Some(transport) = self.transports.get_mut(index) else { return Vec::new() };
        client
            .iter()
            .map(|section| {
                let mid = Mid::from(section.mid.as_str());
                let kind = match section.kind.as_str() {
                    "audio" => SectionKind::Audio,
                    "video" => SectionKind::Video,
                    _ => SectionKind::Application,
                };
                let direction = transport.rtc.media(mid).map_or(Flow::Inactive, |media| match media.direction() {
                    Direction::SendOnly => Flow::SendOnly,
                    Direction::RecvOnly | Direction::SendRecv => Flow::RecvOnly,
                    Direction::Inactive => Flow::Inactive,
                });
                let stream = stream(&mut transport.rtc, mid).filter(|_| direction == Flow::SendOnly);
                Section {
                    mid: section.mid.clone(),
                    kind,
                    direction,
                    ssrc: stream.map(|stream| *stream.media),
                    rtx_ssrc: stream.and_then(|stream| stream.repair).map(|ssrc| *ssrc),
                    rids: section.rids.clone(),
                    cids: if direction == Flow::RecvOnly { section.cids.clone() } else { Vec::new() },
                }
            })
            .collect()
    }
}

/// Sections of our own offer: what it says of them.
fn offered_sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            let kind = match media.split(' ').next() {
                Some("audio") => SectionKind::Audio,
                Some("video") => SectionKind::Video,
                _ => SectionKind::Application,
            };
            let direction = Flow::Inactive;
            sections.push(Section {
                mid: String::new(),
                kind,
                direction,
                ssrc: None,
                rtx_ssrc: None,
                rids: vec![],
                cids: vec![],
            });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(mid) = line.strip_prefix("a=mid:") {
            mid.clone_into(&mut section.mid);
        } else if line == "a=sendonly" {
            section.direction = Flow::SendOnly;
        } else if let Some(group) = line.strip_prefix("a=ssrc-group:FID ") {
            let mut numbers = group.split(' ').map(|number| number.parse().ok());
            section.ssrc = numbers.next().flatten();
            section.rtx_ssrc = numbers.next().flatten();
        } else if let Some(ssrc) = line.strip_prefix("a=ssrc:")
            && section.ssrc.is_none()
        {
            section.ssrc = ssrc.split(' ').next().and_then(|number| number.parse().ok());
        }
    }
    sections
}

/// str0m's answer to something that a client wrote, its panics included.
fn guarded<T>(step: impl FnOnce() -> Result<T, str0m::RtcError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("The description could not be processed.".to_owned()),
    }
}

/// Its own words hold a pointer and the client's text: neither belongs in a reason.
fn parse<T>(step: impl FnOnce() -> Result<T, str0m::error::SdpError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(description)) => Ok(description),
        Ok(Err(_)) | Err(_) => Err("The session description cannot be parsed (RFC 8866).".to_owned()),
    }
}
