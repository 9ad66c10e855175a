//! Data channels: LiveKit's two, by label. What they carry is not looked into.

use str0m::channel::{ChannelData, ChannelId};

use crate::Sfu;
use crate::command::{Channel, TransportId};
use crate::event::Event;
use crate::transport::{QUEUED_BYTES, QUEUED_FRAMES, Transport};

/// When a full channel says that it has room again.
const LOW_BYTES: usize = 64 * 1024;

impl Sfu {
    pub(crate) fn send_data(&mut self, transports: &[TransportId], channel: Channel, payload: &[u8]) {
        for id in transports {
            let Some(index) = self.index(*id) else { continue };
            let Some(transport) = self.transports.get_mut(index) else { continue };
            if channel == Channel::Reliable && !transport.waiting.is_empty() || !write(transport, channel, payload) {
                let room =
                    transport.waiting.len() < QUEUED_FRAMES && transport.waiting_bytes + payload.len() <= QUEUED_BYTES;
                if channel == Channel::Lossy || !room {
                    self.statistics.dropped_data += 1;
                    continue;
                }
                transport.waiting_bytes += payload.len();
                transport.waiting.push_back(payload.to_vec());
            }
            self.touch(index, true);
        }
    }

    pub(crate) fn on_channel_open(&mut self, index: u32, id: ChannelId, label: &str) {
        let Some(channel) = Channel::from_label(label) else { return };
        let Some(transport) = self.transports.get_mut(index) else { return };
        *transport.channel(channel) = Some(id);
        if let Some(mut open) = transport.rtc.channel(id) {
            open.set_buffered_amount_low_threshold(LOW_BYTES);
        }
        self.send_waiting(index);
    }

    pub(crate) fn on_channel_free(&mut self, index: u32, id: ChannelId) {
        if self.transports.get(index).and_then(|transport| transport.channel_of(id)) == Some(Channel::Reliable) {
            self.send_waiting(index);
        }
    }

    pub(crate) fn on_channel_close(&mut self, index: u32, id: ChannelId) {
        if let Some(transport) = self.transports.get_mut(index)
            && let Some(channel) = transport.channel_of(id)
        {
            *transport.channel(channel) = None;
        }
    }

    pub(crate) fn on_channel_data(&mut self, index: u32, data: ChannelData) {
        let Some(transport) = self.transports.get(index) else { return };
        let Some(channel) = transport.channel_of(data.id) else {
            self.statistics.dropped_data += 1;
            return;
        };
        self.events.push_back(Event::DataReceived { transport: transport.id, channel, payload: data.data });
    }

    fn send_waiting(&mut self, index: u32) {
        let Some(transport) = self.transports.get_mut(index) else { return };
        while let Some(payload) = transport.waiting.pop_front() {
            if !write(transport, Channel::Reliable, &payload) {
                transport.waiting.push_front(payload);
                break;
            }
            transport.waiting_bytes -= payload.len();
        }
        self.touch(index, true);
    }
}

/// Whether the channel took it.
fn write(transport: &mut Transport, channel: Channel, payload: &[u8]) -> bool {
    let Some(id) = *transport.channel(channel) else { return false };
    transport.rtc.channel(id).is_some_and(|mut open| matches!(open.write(true, payload), Ok(true)))
}
