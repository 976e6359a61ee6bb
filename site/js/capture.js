// The camera and the microphone: opened when somebody asks for it, said why where they can not be, and off the moment they are not needed.

import { render } from "../vendor/preact-htm.js";
import { unreadable } from "./receive.js";
import { say } from "./words.js";

/**
 * @typedef {import("../vendor/preact-htm.js").Drawing} Drawing
 * @typedef {object} Making a file that is being made
 * @property {AbortController} ending ends it, whoever wants that
 * @property {(files: File[]) => void} take takes what was made
 * @property {number} most bytes it may have
 * @property {(value: any) => boolean} offered told of a fault
 */

/** Why a browser does not open what it was asked for, by its error's name. */
const REASONS = new Map([["NotAllowedError", "refused"], ["SecurityError", "refused"], ["NotReadableError", "busy"], ["AbortError", "busy"]]);

/**
 * Where a file is made, in the place of what the field shows otherwise, until it is made or nobody wants it any more.
 * @param {HTMLElement} place
 * @param {Making} making
 * @param {string} make
 * @returns {(drawing: Drawing) => void} draws what stands there
 */
export function staged(place, { ending }, make) {
  const stage = /** @type {HTMLElement} */ (place.querySelector(".maker"));
  place.dataset.making = make;
  ending.signal.addEventListener("abort", () => {
    const focused = stage.contains(document.activeElement);
    delete place.dataset.making;
    render(null, stage);
    if (focused) /** @type {HTMLElement} */ (place.querySelector(`[data-make=${make}]`)).focus();
  });
  return (drawing) => !ending.signal.aborted && render(drawing, stage);
}

/**
 * Open the camera or the microphone, until the making ends; null where it does not open, which has been said.
 * @param {HTMLElement} place
 * @param {Making} making
 * @param {"camera" | "microphone"} device
 * @param {MediaStreamConstraints} wanted
 */
export async function opened(place, { ending, offered }, device, wanted) {
  const { signal } = ending;
  const end = () => ending.abort();
  /** @param {string} why */
  const refuse = (why) => {
    if (signal.aborted) return null;
    end();
    const { name } = /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));
    offered(unreadable(name, device === "camera" ? say(`field.camera.${why}`) : say(`field.microphone.${why}`)));
    return null;
  };
  try {
    // Without a secure connection, browsers do not have any.
    const stream = await navigator.mediaDevices.getUserMedia(wanted);
    signal.addEventListener("abort", () => off(stream));
    if (signal.aborted) off(stream); // while the browser still asked whether it may
    document.addEventListener("visibilitychange", end, { signal });
    for (const track of stream.getTracks()) track.addEventListener("ended", () => refuse("missing"), { signal });
    return signal.aborted ? null : stream;
  } catch (error) {
    return refuse(REASONS.get(error instanceof Error ? error.name : "") ?? "missing");
  }
}

/** Let go of a camera or a microphone. @param {MediaStream} stream */
export function off(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** How long something has been recorded: 1:05. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
