// A photo or a film from the camera: what it sees, a button that takes it, another camera where there is one.

import { html } from "../vendor/preact-htm.js";
import { clock, off, opened, staged } from "./capture.js";
import { unreadable } from "./receive.js";
import { say } from "./words.js";

/** @typedef {import("./capture.js").Making} Making */

const FILMS = ["video/mp4", "video/webm"];
const WIDE = { photo: 1920, film: 960 }; // pixels
const RATE = 1_000_000; // bits a second: a film of a minute is about 8 MB
const ROOM = 200_000; // bytes that a film's last part and its end may need

let taken = 0; // photos and films, which are called by their numbers

/**
 * @param {HTMLElement} place
 * @param {Making} making
 * @param {"photo" | "film"} make
 */
export async function open(place, making, make) {
  const { ending, take, offered } = making;
  const control = /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));
  const takes = (/** @type {string} */ media) => !control.accept || control.accept.includes(media);
  const film = FILMS.find((media) => takes(media) && MediaRecorder.isTypeSupported(media));
  if (make === "film" && !film) return void offered(unreadable(control.name, say("field.camera.unable")));
  const draw = staged(place, making, make);
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {MediaDeviceInfo[]} */
  let cameras = [];
  /** @type {MediaRecorder | null} */
  let recorder = null;
  let ready = false; // there is something to see
  let begun = 0;

  /** @param {MediaTrackConstraints} wanted */
  async function use(wanted) {
    if (stream) off(stream); // a phone has but one open at a time
    [stream, ready] = [null, false];
    show();
    const video = { ...wanted, width: { ideal: WIDE[make] } };
    stream = await opened(place, making, "camera", { video, audio: make === "film" });
    if (!stream) return;
    cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    show();
  }

  /** @param {HTMLVideoElement | null} video */
  function see(video) {
    if (!video || video.srcObject === stream) return;
    video.srcObject = stream;
    // Who sees themselves expects a mirror.
    video.toggleAttribute("data-mirror", settings().facingMode !== "environment");
  }

  const settings = () => stream?.getVideoTracks()[0].getSettings() ?? {};

  function another() {
    const at = cameras.findIndex(({ deviceId }) => deviceId === settings().deviceId);
    use({ deviceId: { exact: cameras[(at + 1) % cameras.length].deviceId } });
  }

  async function photo() {
    const video = /** @type {HTMLVideoElement} */ (place.querySelector(".maker video"));
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    done([await canvas.convertToBlob({ type: takes("image/jpeg") ? "image/jpeg" : "image/png", quality: 0.92 })]);
  }

  function record() {
    if (!stream) return;
    /** @type {Blob[]} */
    const parts = [];
    let size = 0;
    const recording = (recorder = new MediaRecorder(stream, { mimeType: film, videoBitsPerSecond: RATE }));
    recording.addEventListener("dataavailable", ({ data }) => {
      parts.push(data);
      size += data.size;
      if (size > making.most - ROOM && recording.state === "recording") recording.stop();
    });
    recording.addEventListener("stop", () => !ending.signal.aborted && done(parts));
    begun = performance.now();
    recording.start(500);
    show();
    const timer = setInterval(show, 500);
    ending.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** @param {Blob[]} parts */
  function done(parts) {
    const type = parts[0].type.split(";")[0];
    const file = new File(parts, `camera-${++taken}.${type.split("/")[1].replace("jpeg", "jpg")}`, { type });
    ending.abort();
    take([file]);
  }

  function show() {
    const shutter = make === "photo" ? photo : recorder ? () => recorder?.stop() : record;
    const verb = make === "photo" ? say("field.camera.take") : recorder ? say("field.finish") : say("field.camera.record");
    const state = recorder ? say("field.recording", { time: clock((performance.now() - begun) / 1000) }) : "";
    draw(html`<div class="view"><p class="hint" role="status">${ready ? say("field.camera.on") : say("field.camera.opening")}</p>
        ${stream && html`<video autoplay muted playsinline aria-label=${say("field.camera.view")} ref=${see} onLoadedData=${seen} />`}</div>
      <p class="tools">${ready && html`<button type="button" class="shutter" onClick=${shutter}>${verb}</button>`}
        ${ready && cameras.length > 1 && !recorder && html`<button type="button" class="plain" onClick=${another}>${say("field.camera.other")}</button>`}
        <button type="button" class="plain" key="stop" onClick=${() => ending.abort()}>${say("field.camera.stop")}</button>
        <span class="quiet">${state}</span></p>`);
  }

  function seen() {
    ready = true;
    show();
    /** @type {HTMLElement | null} */ (place.querySelector(".maker .shutter"))?.focus();
  }

  await use({ facingMode: "environment" });
}
