// What runs on this device: fetched once, held against its digest each time, and kept in the browser's own store.

/**
 * @typedef {{address: string, size: number, sha256: string}} Thing `size`: bytes to be fetched; `sha256`: of what comes out of them
 * @typedef {(loaded: number, total: number) => void} Arrived
 */

/** What can not be done, by the kind of fault that it is. */
export class Refused extends Error {
  /** @param {string} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/**
 * What stands at these addresses: from the cache, where it is what it should be, or fetched, and then kept.
 * @param {Thing[]} things
 * @param {Cache | null} cache
 * @param {AbortSignal} signal
 * @param {Arrived} arrived
 */
export async function fetched(things, cache, signal, arrived) {
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
  const content = response && (await unpacked(await response.blob()).catch(() => null));
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
