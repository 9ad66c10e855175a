"""Sound in a browser test: a tone for Chromium's fake microphone, and the loudest frequency of what a page plays."""

import math
import wave
from array import array
from pathlib import Path

RATE_HZ = 48_000

# Every stream that the page plays, whatever plays it.
LISTEN = """
window.__heard = new Set();
const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
  get,
  set(stream) { if (stream) window.__heard.add(stream); set.call(this, stream); },
});
"""
# The loudest frequency of a second, in Hz; 0 for silence.
LOUDEST = """async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 16384 });
  for (const stream of window.__heard)
    if (stream.getAudioTracks().length) context.createMediaStreamSource(stream).connect(analyser);
  await new Promise((done) => setTimeout(done, 1000));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  await context.close();
  const loudest = levels.reduce((best, level, bin) => (level > levels[best] ? bin : best), 1);
  return levels[loudest] > -80 ? loudest * 48000 / 16384 : 0;
}"""


def write_tone(file: Path, hz: int) -> None:
    """Ten seconds of a sine, which Chromium's fake microphone repeats."""
    samples = array("h", (round(12_000 * math.sin(2 * math.pi * hz * n / RATE_HZ)) for n in range(10 * RATE_HZ)))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.tobytes())
