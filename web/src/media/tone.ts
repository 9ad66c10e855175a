/** A short tone on a chosen loudspeaker: the check's. */

const TONE_HZ = 523.25; // C5: clear on small loudspeakers, not shrill
const TONE_S = 1.6;
const FADE_S = 0.05;
const GAIN = 0.25;

/** Plays the tone; resolves when it has ended. `sink` is a device id, "" for the system's choice. */
export async function playTone(sink: string): Promise<void> {
  const context = new AudioContext();
  const element = new Audio();
  try {
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const output = context.createMediaStreamDestination();
    oscillator.frequency.value = TONE_HZ;
    gain.gain.setValueAtTime(0, context.currentTime);
    gain.gain.linearRampToValueAtTime(GAIN, context.currentTime + FADE_S);
    gain.gain.setValueAtTime(GAIN, context.currentTime + TONE_S - FADE_S);
    gain.gain.linearRampToValueAtTime(0, context.currentTime + TONE_S);
    oscillator.connect(gain).connect(output);
    element.srcObject = output.stream;
    if (sink !== "" && "setSinkId" in element) await element.setSinkId(sink);
    await element.play();
    const ended = new Promise((resolve) => oscillator.addEventListener("ended", resolve, { once: true }));
    oscillator.start();
    oscillator.stop(context.currentTime + TONE_S);
    await ended;
  } finally {
    element.srcObject = null;
    await context.close();
  }
}
