"""A Python member and a browser in one sitting: pictures both ways, and the tone that was sent is what is heard."""

import json
import math
import signal
import subprocess
import wave
from array import array
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_call import decoded, enter
from tests.support.browsers import await_true, chromium
from tests.support.servers import COMMAND, Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RATE_HZ = 48_000
SENT_BY_BROWSER_HZ, SENT_BY_PYTHON_HZ = 700, 1100

# Every stream that the page plays, whatever plays it.
LISTEN = """
window.__heard = new Set();
const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
  get,
  set(stream) { if (stream) window.__heard.add(stream); set.call(this, stream); },
});
"""
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


def hears(page: Page, hz: int) -> bool:
    heard = page.evaluate(LOUDEST)
    return abs(heard - hz) < 15


def test_a_python_member_and_a_browser_see_each_other_and_hear_the_tone_that_was_sent(tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", SENT_BY_BROWSER_HZ)
    arguments = ["attend", "-", "--headless", "--json", "--tone-hz", str(SENT_BY_PYTHON_HZ)]
    with (
        chromium(f"--use-file-for-fake-audio-capture={tmp_path / 'tone.wav'}") as browser,
        Demo("--seats", "2") as demo,
    ):
        attend = subprocess.Popen([str(COMMAND), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert attend.stdin is not None
        assert attend.stdout is not None
        attend.stdin.write(demo.link(1) + "\n")
        attend.stdin.close()
        try:
            chair = enter(browser, demo.link(0), before=LISTEN)
            device = await_true(
                "the browser sees the member",
                lambda: next((who for who, seen in decoded(chair).items() if seen["video_frames"] > 30), None),
            )
            assert not hears(chair, SENT_BY_PYTHON_HZ), "it has not the floor"
            give = "(body) => window.__incamera.act('floor.give', body)"
            assert chair.evaluate(give, {"delegation": "alb", "device": device}) is None
            await_true(f"the browser hears {SENT_BY_PYTHON_HZ} Hz", lambda: hears(chair, SENT_BY_PYTHON_HZ))
            attend.send_signal(signal.SIGTERM)
            report = json.loads(attend.stdout.read().strip().splitlines()[-1])
            assert attend.wait(timeout=30) == 0
        finally:
            attend.kill()
    seen = report["participants"][demo.seat(0)]
    assert seen["video_frames"] > 30, "the member did not see the browser"
    assert (seen["failed"], seen["refused"]) == (0, 0)
    assert abs(seen["tone_hz"] - SENT_BY_BROWSER_HZ) < 15, f"the member heard {seen['tone_hz']} Hz"
