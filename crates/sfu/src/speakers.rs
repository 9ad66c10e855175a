//! How loud each publication was in an interval (RFC 6464 header extension): what active speakers are chosen from.

/// Louder than this counts as speaking, in -dBov.
const SPEAKING: u8 = 35;
/// What one packet stands for.
const PACKET_MS: f32 = 20.0;
/// RFC 6464: silence.
const SILENCE: u8 = 127;

/// One publication's level since the last reading.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    loudest: Option<u8>,
    speaking_packets: u32,
}

impl Meter {
    /// A packet's level: str0m gives it as negative decibels.
    pub(crate) fn hear(&mut self, decibels: i8) {
        let level = decibels.unsigned_abs().min(SILENCE);
        self.loudest = Some(self.loudest.map_or(level, |loudest| loudest.min(level)));
        self.speaking_packets += u32::from(level < SPEAKING);
    }

    /// Loudest level and share of the interval that was loud; None if nothing arrived. Starts anew.
    pub(crate) fn read(&mut self, interval_ms: f32) -> Option<(u8, f32)> {
        let loudest = self.loudest.take()?;
        let share = (std::mem::take(&mut self.speaking_packets) as f32 * PACKET_MS / interval_ms).min(1.0);
        Some((loudest, share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_reads_the_loudest_and_starts_anew() {
        let mut meter = Meter::default();
        for decibels in [-80, -20, -30, -127] {
            meter.hear(decibels);
        }
        assert_eq!(meter.read(400.0), Some((20, 0.1)));
        assert_eq!(meter.read(400.0), None);
    }
}
