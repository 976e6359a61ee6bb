// Runs models beside the page, which never waits for it: bytes → session, photo → pixels → what the model says. Asked by worker.js alone.

import { env, InferenceSession, Tensor } from "../vendor/ort.wasm.bundle.min.mjs";
import { VEIL, veil } from "./heat.js";
import { Refused, fetched } from "./stored.js";

/**
 * @typedef {import("../vendor/ort.wasm.bundle.min.mjs").Session} Session
 * @typedef {{number: number, blob: Blob}} Photo each photo has a number of its own
 * @typedef {{model: string, photo?: Photo, numbers?: number[], choices?: number[]}} Question `model`: its address
 * @typedef {{probabilities: number[], familiarity: number, unfamiliar: boolean, cam?: Float32Array, side?: number, shrunk: boolean}} Said
 * @typedef {{looked: import("./heat.js").Looked, label: string, strength: number, photo: Photo}} Look
 * @typedef {import("./stored.js").Thing} Thing
 * @typedef {import("./stored.js").Arrived} Arrived
 */

const THREADS = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
// Threads that wait sleep: there are few processors, and the page itself wants one.
const OPTIONS = { extra: { session: { intra_op: { allow_spinning: "0" } } } };
const STRIP = 1 << 20; // pixels that are copied at once: some browsers have no canvas for all of a large photo
const LEAST = 1 << 20; // pixels of a photo that is never made smaller
const LARGEST = 1024; // pixels of a drawn photo's longer side, as in training/space/model.py

/** @type {Map<string, Session>} by their models' addresses */
const sessions = new Map();
/** @type {{number: number, image: ImageBitmap} | null} the last photo, for as long as somebody waits */
let decoded = null;
/** @type {{number: number, canvas: OffscreenCanvas} | null} the last photo that was drawn */
let drawn = null;
/** @type {Map<number, AbortController>} of those who wait, in their order */
const waiting = new Map();
let turn = Promise.resolve();
let begun = false; // the runtime

/** @type {Record<string, (about: any, signal: AbortSignal, arrived: Arrived) => Promise<any>>} */
const DOES = { prepare, ask, look };

addEventListener("message", ({ data: { id, does, about } }) => {
  if (does === "stop") return waiting.get(id)?.abort();
  if (does === "live") return live(about);
  const stopping = new AbortController();
  waiting.set(id, stopping);
  // One after the other: there is one processor for them, and one memory.
  turn = turn.then(async () => {
    try {
      stopping.signal.throwIfAborted();
      postMessage({ id, said: await DOES[does](about, stopping.signal, (loaded, total) => postMessage({ id, loaded, total })) });
    } catch (error) {
      const kind = error instanceof Refused ? error.kind : "device-failed";
      if (!stopping.signal.aborted) postMessage({ id, kind, detail: String(error) });
    }
    waiting.delete(id);
    if (!waiting.size) forget();
  });
});

/** Hold a lock for as long as this lives: whoever waits for it learns of an end that nobody could announce. @param {string} name */
function live(name) {
  navigator.locks.request(name, () => {
    postMessage({ alive: true });
    return new Promise(() => undefined);
  });
}

function forget() {
  decoded?.image.close();
  decoded = null;
}

/**
 * Have the runtime and these models ready.
 * @param {{runtime: Thing, models: Thing[], cache: string}} wanted
 * @param {AbortSignal} signal
 * @param {Arrived} arrived
 */
async function prepare({ runtime, models, cache }, signal, arrived) {
  const missing = models.filter(({ address }) => !sessions.has(address));
  const things = begun ? missing : [runtime, ...missing];
  if (!things.length) return;
  const contents = await fetched(things, await caches.open(cache).catch(() => null), signal, arrived);
  if (!begun) {
    env.wasm.numThreads = THREADS;
    env.wasm.wasmBinary = contents.shift();
  }
  for (const [at, { address }] of missing.entries()) {
    sessions.set(address, await InferenceSession.create(new Uint8Array(contents[at]), OPTIONS));
    env.wasm.wasmBinary = undefined; // it is running: 14 MB that nobody needs any more
    begun = true;
  }
}

/**
 * What a model says of a photo, or of a form's values.
 * @param {Question} question
 * @param {AbortSignal} signal
 * @returns {Promise<Said>}
 */
async function ask({ model, photo, numbers = [], choices = [] }, signal) {
  const session = /** @type {Session} */ (sessions.get(model));
  if (!photo) {
    return told(await session.run({
      numbers: new Tensor("float32", Float32Array.from(numbers), [numbers.length]),
      choices: new Tensor("int64", BigInt64Array.from(choices, BigInt), [choices.length]),
    }), false);
  }
  const image = await decode(photo);
  signal.throwIfAborted();
  // The graph makes a photo smaller better than a canvas can: that is done before only where memory is short.
  for (let share = 1; ; share /= 2) {
    try {
      return told(await session.run({ pixels: pixelsOf(image, share) }), share < 1);
    } catch (error) {
      if (image.width * image.height * share * share <= LEAST) throw error;
    }
  }
}

/** @param {Record<string, Tensor>} outputs @param {boolean} shrunk @returns {Said} */
function told({ probabilities, familiarity, unfamiliar, cam }, shrunk) {
  const map = cam && { cam: cam.data, side: cam.dims[1] };
  return { probabilities: [...probabilities.data], familiarity: familiarity.data[0], unfamiliar: unfamiliar.data[0] === 1, ...map, shrunk };
}

/** As it was written: turned upright by the browser itself, no colours converted, none mixed with how opaque it is. @param {Photo} photo */
async function decode({ number, blob }) {
  if (decoded?.number === number) return decoded.image;
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" }).catch(() => {
    throw new Refused("input-refused");
  });
  forget();
  decoded = { number, image };
  return image;
}

/** A picture's pixels as the graph takes them; what is see-through lies on white. @param {ImageBitmap} image @param {number} share of each side */
function pixelsOf(image, share) {
  const [width, height] = sidesOf(image, share);
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP / width)));
  const pixels = new Uint8Array(width * height * 4);
  const context = contextOf(new OffscreenCanvas(width, rows));
  context.fillStyle = "white";
  for (let top = 0; top < height; top += rows) {
    context.fillRect(0, 0, width, rows);
    context.drawImage(image, 0, -top, width, height);
    pixels.set(context.getImageData(0, 0, width, Math.min(rows, height - top)).data, top * width * 4);
  }
  return new Tensor("uint8", pixels, [height, width, 4]);
}

/** @param {ImageBitmap} image @param {number} share @returns {[number, number]} */
function sidesOf({ width, height }, share) {
  return [Math.max(1, Math.round(width * share)), Math.max(1, Math.round(height * share))];
}

/** The photo, darker where the model did not look. @param {Look} look */
async function look({ looked, label, strength, photo }) {
  if (drawn?.number !== photo.number) {
    const image = await decode(photo);
    const share = Math.min(1, LARGEST / Math.max(image.width, image.height));
    const canvas = new OffscreenCanvas(...sidesOf(image, share));
    const context = contextOf(canvas);
    context.imageSmoothingQuality = "high";
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    drawn = { number: photo.number, canvas };
  }
  const { width, height } = drawn.canvas;
  const over = new OffscreenCanvas(VEIL, VEIL);
  veil(contextOf(over), looked, label);
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  context.drawImage(drawn.canvas, 0, 0);
  context.globalAlpha = strength;
  context.drawImage(over, 0, 0, width, height);
  return { blob: await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 }), pixels: width * height };
}

/** @param {OffscreenCanvas} canvas */
function contextOf(canvas) {
  return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
}
