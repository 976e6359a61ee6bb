// Runs models beside the page, which never waits for it: bytes → session, photo → pixels → what the model says. Asked by worker.js alone.

import { env, InferenceSession, Tensor } from "../vendor/ort.wasm.bundle.min.mjs";
import { VEIL, veil } from "./heat.js";

/**
 * @typedef {import("../vendor/ort.wasm.bundle.min.mjs").Session} Session
 * @typedef {{address: string, size: number, sha256: string}} Thing `size`: bytes to be fetched; `sha256`: of what comes out of them
 * @typedef {{number: number, blob: Blob}} Photo each photo has a number of its own
 * @typedef {{model: string, photo?: Photo, numbers?: number[], choices?: number[]}} Question `model`: its address
 * @typedef {{probabilities: number[], familiarity: number, unfamiliar: boolean, cam?: Float32Array, side?: number, shrunk: boolean}} Said
 * @typedef {{looked: import("./heat.js").Looked, label: string, strength: number, photo: Photo}} Look
 * @typedef {(loaded: number, total: number) => void} Arrived
 */

const THREADS = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
const STRIP = 1 << 20; // pixels that are copied at once: some browsers have no canvas for all of a large photo
const LEAST = 1 << 20; // pixels of a photo that is never made smaller
const LARGEST = 1024; // pixels of a drawn photo's longer side, as in training/space/model.py

/** What can not be done, by the kind of fault that it is. */
class Refused extends Error {
  /** @param {string} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** @type {Map<string, Session>} by their models' addresses */
const sessions = new Map();
/** @type {{number: number, image: ImageBitmap} | null} the last photo, for as long as somebody waits */
let decoded = null;
/** @type {{number: number, canvas: OffscreenCanvas} | null} the last photo that was drawn */
let drawn = null;
/** @type {Map<number, AbortController>} of those who wait, in their order */
const waiting = new Map();
let turn = Promise.resolve();

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
  const things = env.wasm.wasmBinary ? missing : [runtime, ...missing];
  if (!things.length) return;
  const contents = await fetched(things, await caches.open(cache).catch(() => null), signal, arrived);
  if (!env.wasm.wasmBinary) {
    env.wasm.numThreads = THREADS;
    env.wasm.wasmBinary = /** @type {ArrayBuffer} */ (contents.shift());
  }
  for (const [at, { address }] of missing.entries()) {
    sessions.set(address, await InferenceSession.create(new Uint8Array(contents[at])));
  }
}

/**
 * What stands at these addresses: from the cache, where it is what it should be, or fetched, and then kept.
 * @param {Thing[]} things
 * @param {Cache | null} cache
 * @param {AbortSignal} signal
 * @param {Arrived} arrived
 */
async function fetched(things, cache, signal, arrived) {
  const kept = await Promise.all(things.map((thing) => keptIn(cache, thing)));
  const total = things.reduce((sum, { size }, at) => sum + (kept[at] ? 0 : size), 0);
  let loaded = 0;
  const more = (/** @type {number} */ bytes) => arrived(Math.min((loaded += bytes), total), total);
  if (total) more(0);
  return Promise.all(things.map(async (thing, at) => kept[at] ?? fetchedAnew(thing, cache, signal, more)));
}

/** @param {Cache | null} cache @param {Thing} thing */
async function keptIn(cache, { address, sha256 }) {
  const response = await cache?.match(address);
  const content = response && (await unpacked(await response.blob()));
  return content && (await digest(content)) === sha256 ? content : null;
}

/** @param {Thing} thing @param {Cache | null} cache @param {AbortSignal} signal @param {(bytes: number) => void} more */
async function fetchedAnew({ address, sha256 }, cache, signal, more) {
  const blob = await read(address, signal, more).catch(() => {
    throw new Refused("model-unfetched");
  });
  const content = await unpacked(blob).catch(() => null);
  if (!content || (await digest(content)) !== sha256) throw new Refused("model-refused");
  // Where there is no room, it is fetched again the next time.
  await keep(cache, address, blob).catch(() => undefined);
  return content;
}

/** @param {string} address @param {AbortSignal} signal @param {(bytes: number) => void} more */
async function read(address, signal, more) {
  const response = await fetch(address, { signal });
  if (!response.ok || !response.body) throw new Refused("model-unfetched");
  const parts = [];
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    more(part.value.length);
  }
  return new Blob(parts);
}

/** Keep it in the place of what was there before under the same name, with another fingerprint. @param {Cache | null} cache @param {string} address @param {Blob} blob */
async function keep(cache, address, blob) {
  const name = (/** @type {string} */ url) => new URL(url, location.href).href.replace(/\.[0-9a-f]{10}(?=\.\w+$)/, "");
  const older = (await cache?.keys())?.filter(({ url }) => name(url) === name(address)) ?? [];
  await Promise.all(older.map((each) => cache?.delete(each)));
  await cache?.put(address, new Response(blob));
}

/** The bytes themselves, where they were sent zipped. @param {Blob} blob */
async function unpacked(blob) {
  const [first, second] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  const zipped = first === 0x1f && second === 0x8b;
  return zipped ? new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer() : blob.arrayBuffer();
}

/** @param {ArrayBuffer} content */
async function digest(content) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
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
