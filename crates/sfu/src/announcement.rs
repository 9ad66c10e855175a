//! Streams as str0m knows them: shown to it for the description that it writes next, and taken out again.

use str0m::Rtc;
use str0m::media::Mid;

use crate::header::Description;
use crate::sender::SsrcPair;
use crate::subscription::Subscription;
use crate::transport::Transport;

/// The stream that str0m has for a section.
pub(crate) fn stream(rtc: &mut Rtc, mid: Mid) -> Option<SsrcPair> {
    let mut api = rtc.direct_api();
    let stream = api.stream_tx_by_mid(mid, None)?;
    Some(SsrcPair { media: stream.ssrc(), repair: stream.rtx() })
}

/// A stream with numbers that nobody had, in a section that str0m knows.
pub(crate) fn declare_new(rtc: &mut Rtc, mid: Mid, repair: bool) -> SsrcPair {
    let mut api = rtc.direct_api();
    let media = api.new_ssrc();
    let mut rtx = repair.then(|| api.new_ssrc());
    while rtx == Some(media) {
        rtx = Some(api.new_ssrc());
    }
    api.declare_stream_tx(media, rtx, mid, None);
    SsrcPair { media, repair: rtx }
}

/// Show str0m the streams that are ours, for the description that it writes next. It never sends on them: between two
/// negotiations it does not have them (`srtp.rs` says why), nor do its turns walk them.
pub(crate) fn announce(transport: &mut Transport) {
    for (mid, pair) in &transport.announced {
        if transport.rtc.media(*mid).is_some() {
            transport.rtc.direct_api().declare_stream_tx(pair.media, pair.repair, *mid, None);
        }
    }
}

/// Take all streams out of str0m again: ours, and those that it made for sections in which nobody is subscribed, so that
/// their next description has one that nobody had.
pub(crate) fn withdraw(transport: &mut Transport) {
    for mid in &transport.sections {
        while let Some(pair) = stream(&mut transport.rtc, *mid) {
            transport.rtc.direct_api().remove_stream_tx(pair.media);
        }
    }
}

/// Give a subscription its stream, if the client was told of one. Whether it is new.
pub(crate) fn connect(transport: &mut Transport, subscription: &mut Subscription) -> bool {
    let mid = subscription.mid;
    let Some((_, pair)) = transport.announced.iter().find(|(known, _)| *known == mid) else { return false };
    let Some(media) = transport.rtc.media(mid) else { return false };
    let description = Description::new(mid, media.cname(), media.remote_extmap());
    subscription.connected = transport.is_connected();
    if let Some(slot) = subscription.stream {
        transport.sender.describe(slot, description);
        return false;
    }
    subscription.stream = transport.sender.open(*pair, description);
    subscription.stream.is_some()
}
