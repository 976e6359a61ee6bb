// A sound from the microphone, recorded as it is heard and given as a WAV file, which every Space can read.

import { html } from "../vendor/preact-htm.js";
import { clock, opened, staged } from "./capture.js";
import { unreadable } from "./receive.js";
import { say } from "./words.js";

/** @typedef {import("./capture.js").Making} Making */

const RATE = 24_000; // samples a second: voices and most birds, and nearly three minutes in 8 MB
const HEAD = 44; // bytes before the samples

let recorded = 0; // sounds, which are called by their numbers

/**
 * @param {HTMLElement} place
 * @param {Making} making
 * @param {string} make
 */
export async function open(place, making, make) {
  const { ending, take, offered, most } = making;
  const { signal } = ending;
  const longest = (most - HEAD) / 2 / RATE; // seconds
  const draw = staged(place, making, make);
  const cancel = html`<button type="button" class="plain" key="cancel" onClick=${() => ending.abort()}>${say("wait.cancel")}</button>`;
  draw(html`<p class="tools">${cancel}</p><p class="unseen" role="status">${say("field.microphone.opening")}</p>`);
  const stream = await opened(place, making, "microphone", { audio: true });
  if (!stream) return;
  const level = loudness(stream, signal);
  const begun = performance.now();
  /** @type {Blob[]} */
  const parts = [];
  const recorder = new MediaRecorder(stream);
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  recorder.addEventListener("stop", async () => {
    if (signal.aborted) return;
    const sound = await wav(new Blob(parts), most).catch(() => null);
    if (signal.aborted) return;
    ending.abort();
    if (sound) return take([new File([sound], `microphone-${++recorded}.wav`, { type: "audio/wav" })]);
    const { name } = /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));
    offered(unreadable(name, say("field.microphone.nothing")));
  });
  recorder.start();
  const finish = () => recorder.state === "recording" && recorder.stop();
  const show = () => {
    const seconds = (performance.now() - begun) / 1000;
    if (seconds > longest) finish();
    const time = longest < Infinity ? say("field.of-at-most", { time: clock(seconds), most: clock(longest) }) : clock(seconds);
    draw(html`<p class="tools"><button type="button" class="shutter" onClick=${finish}>${say("field.finish")}</button> ${cancel}
        <meter max="1" value=${level()} aria-label=${say("field.microphone.loudness")} />
        <span class="quiet">${say("field.recording", { time })}</span></p>
      <p class="unseen" role="status">${say("field.microphone.on")}</p>`);
  };
  show();
  /** @type {HTMLElement} */ (place.querySelector(".maker .shutter")).focus();
  // Who asked for less motion sees how loud it is twice a second.
  const often = matchMedia("(prefers-reduced-motion: reduce)").matches ? 500 : 50;
  const timer = setInterval(show, often);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** How loud it is now, from 0 to 1. @param {MediaStream} stream @param {AbortSignal} signal @returns {() => number} */
function loudness(stream, signal) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const samples = new Float32Array(analyser.fftSize);
  context.createMediaStreamSource(stream).connect(analyser);
  signal.addEventListener("abort", () => context.close());
  return () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-9) / 5)); // −50 dB is silence
  };
}

/**
 * What a browser recorded, as one channel of 16 bits.
 * @param {Blob} recording
 * @param {number} most bytes
 */
async function wav(recording, most) {
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await recording.arrayBuffer());
  const length = Math.min(sound.length, Math.floor((most - HEAD) / 2));
  const file = new DataView(new ArrayBuffer(HEAD + length * 2));
  const text = (/** @type {number} */ at, /** @type {string} */ words) =>
    [...words].forEach((letter, more) => file.setUint8(at + more, letter.charCodeAt(0)));
  text(0, "RIFF");
  file.setUint32(4, HEAD - 8 + length * 2, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true); // plain numbers
  file.setUint16(22, 1, true); // one channel
  file.setUint32(24, RATE, true);
  file.setUint32(28, RATE * 2, true);
  file.setUint16(32, 2, true);
  file.setUint16(34, 16, true);
  text(36, "data");
  file.setUint32(40, length * 2, true);
  const samples = Array.from({ length: sound.numberOfChannels }, (_, channel) => sound.getChannelData(channel));
  for (let at = 0; at < length; at++) {
    let sum = 0;
    for (const channel of samples) sum += channel[at];
    file.setInt16(HEAD + at * 2, Math.max(-1, Math.min(1, sum / samples.length)) * 0x7fff, true);
  }
  return new Blob([file], { type: "audio/wav" });
}
