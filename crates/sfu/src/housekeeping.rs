//! What is not a packet: publications and subscriptions come and go, key frames are asked for, levels and links are read,
//! bandwidth is shared.

use std::time::{Duration, Instant};

use str0m::media::{KeyframeRequestKind, Mid};
use str0m::stats::PeerStats;

use crate::Sfu;
use crate::announcement::connect;
use crate::command::{Kind, PublicationId, SubscriptionId, TransportId, Tuning};
use crate::congestion::{Wish, resumption, share};
use crate::estimator::Reading;
use crate::event::Event;
use crate::outbox::Route;
use crate::publication::Publication;
use crate::speakers::Meter;
use crate::subscription::{Subscription, UNLIMITED};
use crate::transport::Egress;

/// Active speakers are chosen at this pace (LiveKit's clients expect it).
const LEVELS: Duration = Duration::from_millis(400);
/// Key frames that did not come are asked for again, layers follow what flows.
const CARE: Duration = Duration::from_millis(100);
/// Readings of a link (two a second) between two reports of its quality.
const READINGS: u32 = 10;
/// What of the estimate is given away: the rest absorbs key frames and what others send on the link.
const USABLE_PERCENT: u64 = 90;

/// When the core's own periodic work is due.
pub(crate) struct Ticks {
    levels: Instant,
    care: Instant,
}

impl Ticks {
    pub(crate) fn new(now: Instant) -> Self {
        Ticks { levels: now + LEVELS, care: now + CARE }
    }

    pub(crate) fn next(&self) -> Instant {
        self.levels.min(self.care)
    }
}

impl Sfu {
    pub(crate) fn housekeep(&mut self, now: Instant) {
        if self.ticks.levels <= now {
            self.ticks.levels = now + LEVELS;
            self.read_levels();
        }
        if self.ticks.care <= now {
            self.ticks.care = now + CARE;
            self.end_slow_handshakes(now);
            self.report(now);
            self.share_bandwidth(now);
            self.request_wanted_key_frames(now);
        }
    }

    pub(crate) fn publish(&mut self, id: PublicationId, transport: TransportId, mid: &str, kind: Kind) {
        let Some(owner) = self.index(transport) else { return };
        if self.publication_ids.contains_key(&id) {
            return;
        }
        let mid = Mid::from(mid);
        let Some(transport) = self.transports.get_mut(owner) else { return };
        if let Some(place) = transport.published.iter().position(|(known, _)| *known == mid) {
            let previous = transport.published[place].1;
            self.remove_publication(previous);
        }
        let Some(transport) = self.transports.get_mut(owner) else { return };
        let rids =
            transport.rids.iter().find(|(known, _)| *known == mid).map(|(_, rids)| rids.clone()).unwrap_or_default();
        let number = self.publications.insert(Publication {
            id,
            owner,
            kind,
            muted: false,
            simulcast: rids.len() > 1,
            rids,
            encodings: Vec::new(),
            subscriptions: Vec::new(),
            meter: Meter::default(),
        });
        transport.published.push((mid, number));
        self.publication_ids.insert(id, number);
    }

    pub(crate) fn unpublish(&mut self, id: PublicationId) {
        if let Some(number) = self.publication_ids.get(&id).copied() {
            self.remove_publication(number);
        }
    }

    pub(crate) fn remove_publication(&mut self, number: u32) {
        let Some(mut publication) = self.publications.take(number) else { return };
        self.publication_ids.remove(&publication.id);
        if let Some(owner) = self.transports.get_mut(publication.owner) {
            owner.published.retain(|(_, known)| *known != number);
            owner.ingress.retain(|_, (known, _)| *known != number);
        }
        for subscription in publication.subscriptions.drain(..) {
            self.end(&subscription);
        }
    }

    pub(crate) fn set_muted(&mut self, id: PublicationId, muted: bool) {
        let Some(publication) = self.publication_ids.get(&id).and_then(|number| self.publications.get_mut(*number))
        else {
            return;
        };
        if publication.muted && !muted {
            publication.restart();
            publication.want_key_frame(None);
        }
        publication.muted = muted;
    }

    pub(crate) fn subscribe(
        &mut self,
        id: SubscriptionId,
        publication: PublicationId,
        transport: TransportId,
        mid: &str,
    ) {
        let (Some(index), Some(number)) = (self.index(transport), self.publication_ids.get(&publication).copied())
        else {
            return;
        };
        if self.subscription_ids.contains_key(&id) {
            return;
        }
        let mid = Mid::from(mid);
        let Some(transport) = self.transports.get_mut(index) else { return };
        if let Some(previous) =
            transport.egress.iter().find(|egress| egress.mid == mid).map(|egress| egress.subscription)
        {
            self.unsubscribe(previous);
        }
        let Some(transport) = self.transports.get_mut(index) else { return };
        let Some(publication) = self.publications.get_mut(number) else { return };
        transport.egress.push(Egress { mid, subscription: id, publication: number });
        let mut subscription = Subscription::new(id, index, mid);
        // A section of our own offer has a stream of its own already, which the offer told.
        connect(transport, &mut subscription);
        publication.subscriptions.push(subscription);
        self.subscription_ids.insert(id, number);
        if publication.kind == Kind::Video {
            publication.want_key_frame(None);
        }
    }

    pub(crate) fn unsubscribe(&mut self, id: SubscriptionId) {
        let Some(number) = self.subscription_ids.get(&id).copied() else { return };
        let Some(publication) = self.publications.get_mut(number) else { return };
        let Some(place) = publication.subscriptions.iter().position(|subscription| subscription.id == id) else {
            return;
        };
        let subscription = publication.subscriptions.swap_remove(place);
        self.end(&subscription);
    }

    fn end(&mut self, subscription: &Subscription) {
        self.subscription_ids.remove(&subscription.id);
        if let Some(transport) = self.transports.get_mut(subscription.transport) {
            transport.egress.retain(|egress| egress.subscription != subscription.id);
            transport.announced.retain(|(mid, _)| *mid != subscription.mid);
            if let Some(slot) = subscription.stream {
                transport.sender.close(slot);
            }
        }
    }

    pub(crate) fn tune(&mut self, now: Instant, id: SubscriptionId, tuning: Tuning) {
        let Some(number) = self.subscription_ids.get(&id).copied() else { return };
        let Some(publication) = self.publications.get_mut(number) else { return };
        let Some(subscription) = publication.subscription(id) else { return };
        if tuning.paused && !subscription.tuning.paused {
            subscription.selector.stop();
        }
        subscription.tuning = tuning;
        self.care_for(number, now);
        self.request_key_frames_of(number, now);
    }

    pub(crate) fn request_key_frame(&mut self, now: Instant, id: PublicationId) {
        let Some(number) = self.publication_ids.get(&id).copied() else { return };
        if let Some(publication) = self.publications.get_mut(number) {
            for encoding in publication.encodings.iter_mut().filter(|encoding| encoding.flows(now)) {
                encoding.want_key_frame();
            }
        }
        self.request_key_frames_of(number, now);
    }

    pub(crate) fn on_key_frame_request(&mut self, index: u32, mid: Mid, now: Instant) {
        let Some(transport) = self.transports.get(index) else { return };
        let Some(egress) = transport.egress.iter().find(|egress| egress.mid == mid) else { return };
        let (number, id) = (egress.publication, egress.subscription);
        if let Some(publication) = self.publications.get_mut(number)
            && publication.kind == Kind::Video
        {
            let current = publication.subscription(id).and_then(|subscription| subscription.selector.current());
            publication.want_key_frame(current);
        }
        self.request_key_frames_of(number, now);
    }

    /// Ask for the key frames without which a subscriber waits.
    pub(crate) fn request_wanted_key_frames(&mut self, now: Instant) {
        let pictures: Vec<u32> =
            self.publications.iter().filter(|(_, p)| p.kind == Kind::Video).map(|(number, _)| number).collect();
        for number in pictures {
            self.care_for(number, now);
            self.request_key_frames_of(number, now);
        }
    }

    /// Note which encodings' key frames are waited for.
    fn care_for(&mut self, number: u32, now: Instant) {
        let Some(publication) = self.publications.get_mut(number) else { return };
        if publication.muted || publication.kind == Kind::Audio {
            return;
        }
        for place in 0..publication.subscriptions.len() {
            let subscription = &publication.subscriptions[place];
            if subscription.active().is_none() {
                continue;
            }
            let target = publication.target(subscription.max_layer(), now);
            let current = subscription.selector.current();
            if target.is_some() && target != current {
                publication.want_key_frame(target);
            }
        }
    }

    pub(crate) fn request_key_frames_of(&mut self, number: u32, now: Instant) {
        let Some(publication) = self.publications.get_mut(number) else { return };
        let Some(owner) = self.transports.get_mut(publication.owner) else { return };
        let mut asked = false;
        for encoding in &mut publication.encodings {
            if encoding.take_key_frame_request(now)
                && let Some(stream) = owner.rtc.direct_api().stream_rx(&encoding.ssrc)
            {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                self.statistics.key_frames_requested += 1;
                asked = true;
            }
        }
        if asked {
            crate::touch(&mut self.touched, owner, publication.owner, true);
        }
    }

    fn read_levels(&mut self) {
        let interval = LEVELS.as_millis() as f32;
        let levels: Vec<_> = self
            .publications
            .iter_mut()
            .filter(|(_, publication)| publication.kind == Kind::Audio)
            .filter_map(|(_, publication)| {
                publication.meter.read(interval).map(|(level, share)| (publication.id, level, share))
            })
            .collect();
        if !levels.is_empty() {
            self.events.push_back(Event::AudioLevels { levels });
        }
    }

    /// Sender reports to all who get something.
    fn report(&mut self, now: Instant) {
        for (index, transport) in self.transports.iter_mut() {
            let Some(route) = transport.route.filter(|_| transport.is_connected()) else { continue };
            if transport.sender.report(&mut transport.outbox, route, now) {
                crate::touch(&mut self.touched, transport, index, false);
            }
        }
    }

    /// Twice a second: what transport feedback and receiver reports said.
    pub(crate) fn on_stats(&mut self, index: u32, stats: &PeerStats, now: Instant) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        if !transport.is_connected() {
            return;
        }
        let quality = &mut transport.quality;
        let elapsed = quality.read.map(|read| now.saturating_duration_since(read)).filter(|elapsed| !elapsed.is_zero());
        let sent = transport.sender.sent_bytes.saturating_sub(quality.sent_bytes);
        let account = transport.sender.history().read();
        let round_trip = transport.sender.history().round_trip();
        quality.read = Some(now);
        quality.sent_bytes = transport.sender.sent_bytes;
        quality.readings += 1;
        quality.loss_up += stats.ingress_loss_fraction.unwrap_or(0.0);
        quality.loss_down += account.loss.unwrap_or(0.0);
        if let Some(elapsed) = elapsed {
            let sent_bps = sent * 8 * 1000 / elapsed.as_millis().max(1) as u64;
            let resume_bps = transport.resume_bps;
            transport.estimator.read(Reading { sent_bps, account, resume_bps }, now);
        }
        // The client may have roamed: str0m knows the pair that it chose.
        if let Some(pair) = &stats.selected_candidate_pair
            && transport.route.is_none_or(|route| route.remote != pair.remote.addr)
        {
            let protocol = crate::candidates::protocol(pair.protocol);
            transport.route = Some(Route { protocol, remote: pair.remote.addr, local: None });
        }
        let quality = &mut transport.quality;
        if quality.readings >= READINGS {
            let readings = std::mem::take(&mut quality.readings) as f32;
            self.events.push_back(Event::LinkQuality {
                transport: transport.id,
                loss_up: std::mem::take(&mut quality.loss_up) / readings,
                loss_down: std::mem::take(&mut quality.loss_down) / readings,
                rtt_ms: round_trip.or(stats.rtt).map(|rtt| rtt.as_secs_f32() * 1000.0),
                estimate_bps: transport.estimator.bps(),
            });
        }
    }

    /// Give each subscriber's pictures the layers that its link carries.
    fn share_bandwidth(&mut self, now: Instant) {
        let receivers: Vec<u32> = self
            .transports
            .iter()
            .filter(|(_, t)| t.is_connected() && !t.egress.is_empty())
            .map(|(index, _)| index)
            .collect();
        for index in receivers {
            self.share_bandwidth_of(index, now);
        }
    }

    fn share_bandwidth_of(&mut self, index: u32, now: Instant) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        let estimate = transport.estimator.bps();
        if estimate.is_none() && !transport.limited {
            return;
        }
        let mut audio = 0;
        let mut wishes = Vec::new();
        let mut places = Vec::new();
        for egress in &transport.egress {
            let Some(publication) = self.publications.get(egress.publication) else { continue };
            let Some(subscription) = publication.subscriptions.iter().find(|s| s.id == egress.subscription) else {
                continue;
            };
            let layers: Vec<(u8, u64)> =
                publication.encodings.iter().filter(|e| e.flows(now)).map(|e| (e.layer, e.bits_per_second())).collect();
            if publication.kind == Kind::Audio {
                audio += layers.iter().map(|(_, rate)| rate).sum::<u64>();
            } else if !subscription.tuning.paused && !publication.muted && subscription.stream.is_some() {
                let max_layer = subscription.tuning.max_layer;
                places.push((egress.publication, egress.subscription));
                wishes.push(Wish { priority: subscription.tuning.priority, max_layer, layers });
            }
        }
        transport.limited = estimate.is_some();
        let usable = estimate.map_or(u64::MAX, |bps| (bps * USABLE_PERCENT / 100).saturating_sub(audio));
        let given = share(usable, &wishes);
        // Going up needs a tenth to spare: bitrates waver, layers should not.
        let spared = share(usable / 10 * 9, &wishes);
        let (mut news, mut flowing, mut paused) = (Vec::new(), Vec::new(), Vec::new());
        for ((((number, id), wish), layer), spared) in places.iter().zip(&wishes).zip(given).zip(spared) {
            let Some(subscription) = self.publications.get_mut(*number).and_then(|p| p.subscription(*id)) else {
                continue;
            };
            // Nothing flows, or all that is wanted fits: no limit stands in the way.
            let best = wish.layers.iter().map(|(layer, _)| *layer).filter(|layer| *layer <= wish.max_layer).max();
            let limit = |layer: Option<u8>| {
                if wish.layers.is_empty() || layer.is_some() && layer >= best { Some(UNLIMITED) } else { layer }
            };
            // None < Some(0) < Some(1) < … < Some(UNLIMITED)
            let affordable = limit(layer).min(limit(spared).max(subscription.affordable));
            if affordable.is_some() { &mut flowing } else { &mut paused }.push(wish);
            if affordable == subscription.affordable {
                continue;
            }
            if affordable.is_some() != subscription.affordable.is_some() {
                news.push(Event::Congestion { subscription: *id, paused: affordable.is_none() });
            }
            if affordable.is_none() {
                subscription.selector.stop();
            }
            subscription.affordable = affordable;
        }
        if let Some(transport) = self.transports.get_mut(index) {
            transport.resume_bps =
                resumption(&flowing, &paused).map(|bps| (bps * 10 / 9 + audio) * 100 / USABLE_PERCENT + 100);
        }
        self.events.extend(news);
    }
}
