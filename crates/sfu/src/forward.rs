//! The packet path: from a publisher's stream to its subscribers' outboxes. No allocation a subscriber: one seal, one copy.

use std::time::Instant;

use str0m::format::{Codec, PayloadParams};
use str0m::rtp::{ExtensionValues, RtpPacket};

use crate::Sfu;
use crate::command::Kind;
use crate::dependency::Dependency;
use crate::event::Event;
use crate::keyframe::Frame;
use crate::layers::Choice;
use crate::publication::mime;
use crate::red;
use crate::rewrite::Incoming;
use crate::sender::Outgoing;
use crate::subscription::{Mapped, UNLIMITED};

/// What a packet takes on a link beside its payload: IP, UDP, RTP with extensions, SRTP's tag.
const OVERHEAD: usize = 76;
/// Streams that one transport may send: six tracks of three layers, and their successors after SSRC changes.
const STREAMS: usize = 64;

impl Sfu {
    /// Forward one packet that str0m opened.
    pub(crate) fn forward(&mut self, index: u32, packet: &RtpPacket, now: Instant) {
        let ssrc = packet.header.ssrc;
        let known = self.transports.get(index).and_then(|transport| transport.ingress.get(&*ssrc).copied());
        let Some((number, place)) = known.or_else(|| self.discover(index, packet, now)) else {
            self.statistics.dropped_unpublished += 1;
            return;
        };
        self.statistics.packets_in += 1;
        let Some(publication) = self.publications.get_mut(number) else { return };
        let sequence = *packet.seq_no;
        let muted = publication.muted;
        let simulcast = publication.simulcast || publication.encodings.len() > 1;
        let video = publication.kind == Kind::Video;
        let encoding = &mut publication.encodings[place];
        let layer = encoding.layer;
        if packet.payload.is_empty() {
            // Padding: forwarded, it would cost each subscriber a packet; dropped, it would be asked for again. Close the gap.
            self.statistics.dropped_padding += 1;
            for subscription in publication.subscriptions.iter_mut().filter(|s| s.selector.current() == Some(layer)) {
                subscription.rewriter.skip(sequence, false);
            }
            return;
        }
        let codec = encoding.params.spec().codec;
        let frame = if video {
            let dependency = packet.header.ext_vals.user_values.get::<Dependency>().map(|Dependency(bytes)| &bytes[..]);
            Frame::of(codec, &packet.payload, dependency)
        } else {
            Frame { begins: true, ..Frame::default() }
        };
        encoding.heard(packet.payload.len() + OVERHEAD, frame.key, now);
        if muted {
            self.statistics.dropped_muted += 1;
            return;
        }
        if !video && let Some(level) = packet.header.ext_vals.audio_level {
            publication.meter.hear(level);
        }
        let encoding = &mut publication.encodings[place];
        if video && encoding.open == packet.header.marker {
            encoding.open = !packet.header.marker;
            if encoding.open {
                self.open_frames.push((number, place));
            } else {
                self.open_frames.retain(|open| *open != (number, place));
            }
        }
        let params = encoding.params;
        let is_red = params.red() == Some(packet.header.payload_type);
        let incoming = Incoming {
            sequence,
            timestamp: packet.header.timestamp,
            picture_id: frame.vp8.and_then(|vp8| vp8.picture_id()),
            tl0_pic_idx: frame.vp8.and_then(|vp8| vp8.tl0_pic_idx()),
        };
        let extensions = passed_on(&packet.header.ext_vals);
        let clock_hz = params.spec().clock_rate.get();
        let mut wants_key_frame = false;
        let flowing: u8 = publication.encodings.iter().filter(|e| e.flows(now)).fold(0, |set, e| set | 1 << e.layer);
        for subscription in &mut publication.subscriptions {
            let Some(stream) = subscription.active() else { continue };
            let target = if simulcast { highest(flowing, subscription.max_layer()) } else { Some(layer) };
            let choice = if video {
                subscription.selector.choose(layer, target, simulcast, frame.key)
            } else {
                subscription.selector.choose(layer, Some(layer), false, true)
            };
            match choice {
                Choice::Drop => {
                    wants_key_frame |= target == Some(layer) && !frame.key;
                    continue;
                }
                Choice::Switch => subscription.rewriter.switch(&incoming, clock_hz, now),
                Choice::Pass => {}
            }
            if frame.temporal > 0 || subscription.temporal != UNLIMITED {
                let max = subscription.max_temporal();
                if frame.begins && (max < subscription.temporal || frame.up_switch || frame.temporal == 0) {
                    subscription.temporal = max;
                }
                if frame.temporal > subscription.temporal {
                    subscription.rewriter.skip(sequence, packet.header.marker);
                    continue;
                }
            }
            let Some(transport) = self.transports.get_mut(subscription.transport) else { continue };
            let mapped = match subscription.mapped {
                Some(mapped) if mapped.incoming == params => mapped,
                _ => {
                    let Some(mapped) = map(&params, transport.rtc.codec_config().match_params(params)) else {
                        self.statistics.dropped_codec += 1;
                        continue;
                    };
                    subscription.mapped = Some(mapped);
                    mapped
                }
            };
            let Some(placed) = subscription.rewriter.place(&incoming, now) else {
                self.statistics.dropped_late += 1;
                continue;
            };
            let unwrapped;
            let (payload_type, payload) = match (is_red, mapped.red) {
                (true, Some(red)) => (red, &packet.payload),
                (true, None) => {
                    let Some(primary) = red::primary(&packet.payload) else { continue };
                    unwrapped = primary.into();
                    (mapped.media, &unwrapped)
                }
                (false, _) => (mapped.media, &packet.payload),
            };
            let Some(route) = transport.route else { continue };
            let outgoing = Outgoing {
                payload_type,
                repair: mapped.repair.filter(|_| video),
                placed,
                marker: packet.header.marker,
                clock_hz,
                extensions: &extensions,
                payload,
                vp8: frame.vp8,
            };
            if transport.sender.send(&mut transport.outbox, route, stream, &outgoing, now) {
                self.statistics.packets_out += 1;
                crate::touch(&mut self.touched, transport, subscription.transport, false);
            }
        }
        if wants_key_frame {
            publication.encodings[place].want_key_frame();
            self.request_key_frames_of(number, now);
        }
    }

    /// A stream that was not seen before: str0m bound it to a section of *this* transport by what the client announced
    /// there, so no client can send in another's name.
    fn discover(&mut self, index: u32, packet: &RtpPacket, now: Instant) -> Option<(u32, usize)> {
        let transport = self.transports.get_mut(index)?;
        let ssrc = packet.header.ssrc;
        let (mid, rid) = {
            let mut api = transport.rtc.direct_api();
            let stream = api.stream_rx(&ssrc)?;
            (stream.mid(), stream.rid())
        };
        let number =
            transport.published.iter().find(|(known, _)| *known == mid).map(|(_, publication)| *publication)?;
        let pt = packet.header.payload_type;
        let params = *transport.rtc.codec_config().find(|params| params.pt() == pt || params.red() == Some(pt))?;
        if transport.ingress.len() >= STREAMS {
            return None;
        }
        let publication = self.publications.get_mut(number)?;
        if publication.kind == Kind::Audio {
            // Audio lost is audio gone: a resent packet comes too late, and RED repairs better.
            if let Some(stream) = transport.rtc.direct_api().stream_rx(&ssrc) {
                stream.suppress_nack(true);
            }
        }
        let place = publication.encoding(ssrc, rid, params, now);
        transport.ingress.retain(|_, known| *known != (number, place));
        transport.ingress.insert(*ssrc, (number, place));
        let encoding = &publication.encodings[place];
        self.events.push_back(Event::StreamStarted {
            publication: publication.id,
            layer: encoding.layer,
            rid: rid.map(|rid| rid.to_string()),
            ssrc: *ssrc,
            mime: mime(params.spec().codec, params.red() == Some(pt)),
        });
        Some((number, place))
    }
}

/// The best of the flowing layers that is not above `max`; if none is that low, the lowest.
fn highest(flowing: u8, max: u8) -> Option<u8> {
    crate::layers::target((0..=2).filter(move |layer| flowing & (1 << layer) != 0), max)
}

/// What of a sender's header extensions concerns a receiver; the rest is each hop's own.
fn passed_on(values: &ExtensionValues) -> ExtensionValues {
    ExtensionValues {
        audio_level: values.audio_level,
        voice_activity: values.voice_activity,
        video_orientation: values.video_orientation,
        user_values: values.user_values.clone(),
        ..ExtensionValues::default()
    }
}

fn map(incoming: &PayloadParams, outgoing: Option<&PayloadParams>) -> Option<Mapped> {
    let outgoing = outgoing.filter(|params| params.spec().codec != Codec::Null)?;
    Some(Mapped { incoming: *incoming, media: outgoing.pt(), red: outgoing.red(), repair: outgoing.resend() })
}
