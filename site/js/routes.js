// Where an answer comes from: a saved example, at once, or the bridge, which tells what happens meanwhile.

import { predictionHolds } from "./contract.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Example} Example
 * @typedef {import("./form.js").Part} Part
 * @typedef {{kind: string, detail: string, field?: string, retryable: boolean, after?: number}} Fault `after`: seconds until asking again makes sense
 * @typedef {{prediction: any, route: "saved" | "bridge", took: number, files: string}} Answer `files`: below which its files are
 * @typedef {(event: string, about: any) => void} Told hears what happens before the answer; what it is told is data
 */

// The bridge says something every 10 seconds, if only that it is still there; a slow line needs longer to carry a photo to it.
const SILENCE = 35_000; // milliseconds
const WHOLE = 300_000; // milliseconds, whatever it says: a Space may take four minutes to wake
const SLOWEST = 60; // bytes a millisecond
const LARGEST = 8_900_000; // bytes that the bridge takes at once, and some for what a form puts around them
const LONGEST_WAIT = 86_400; // seconds that a page speaks of

/** Faults that may pass while one waits. */
const PASSING = ["bridge-unreachable", "offline", "space-busy"];

/** What may be told before the answer; what else a newer bridge may say is not for this page. */
const TOLD = new Set(["stage", "queue", "progress", "partial"]);

/** The answer that an example recorded. @param {Example} example @returns {Answer} */
export function saved(example) {
  return { prediction: example.prediction, route: "saved", took: 0, files: "" };
}

/**
 * Ask the bridge, and again by itself where waiting helps: see patience.js. Resolves to an answer or a fault, never rejects; a cancelled question's fault is nobody's to read.
 * @param {string} bridge its address
 * @param {Contract} contract
 * @param {Promise<[string, Part][]>} parts each field's
 * @param {AbortSignal} cancelled
 * @param {Told} told
 * @returns {Promise<Answer | Fault>}
 */
export async function ask(bridge, contract, parts, cancelled, told) {
  const again = () => once(bridge, contract, parts, cancelled, told);
  const first = await again();
  if (!("kind" in first) || !PASSING.includes(first.kind)) return first;
  if (first.kind === "offline") await present(told, cancelled); // without a line, nothing can be fetched
  const patience = await import("./patience.js").catch(() => null);
  return patience ? patience.patiently(first, again, { bridge, contract, cancelled, told, present }) : first;
}

/**
 * Wait until somebody looks at the page and there is a line: before that, nothing is asked by itself.
 * @param {Told} told hears that there is no line
 * @param {AbortSignal} cancelled
 */
async function present(told, cancelled) {
  while (!cancelled.aborted && (document.hidden || !navigator.onLine)) {
    if (!navigator.onLine) told("offline", {});
    await new Promise((done) => {
      const heard = new AbortController();
      const end = () => done(heard.abort());
      document.addEventListener("visibilitychange", end, { signal: heard.signal });
      addEventListener("online", end, { signal: heard.signal });
      cancelled.addEventListener("abort", end, { signal: heard.signal });
    });
  }
}

/**
 * Ask the bridge, and listen until the answer.
 * @type {typeof ask}
 */
async function once(bridge, contract, parts, cancelled, told) {
  const begun = performance.now();
  const { signal, heard, over } = attention(cancelled);
  let [read, begins] = [false, false]; // what was given has been read; the bridge begins to answer
  try {
    const [body, size] = form(await parts);
    read = true;
    if (size > LARGEST) return fault("file-too-large", "Together this is more than 9 MB: send less at once.", false);
    heard(size / SLOWEST);
    const headers = { Accept: "text/event-stream" };
    const address = `${bridge}/v1/demos/${contract.demo}/ask`;
    const response = await fetch(address, { method: "POST", body, headers, credentials: "omit", signal });
    begins = isStream(response);
    const said = begins ? await last(response, heard, told) : await response.json();
    if (!said) return lost();
    if (!("prediction" in said) || !response.ok) return faultOf(said);
    if (!predictionHolds(contract, said.prediction)) return outdated();
    return { prediction: said.prediction, route: "bridge", took: performance.now() - begun, files: `${bridge}/` };
  } catch {
    if (signal.aborted) return fault("out-of-time", "The model did not answer in time.", true);
    if (begins) return lost();
    if (!navigator.onLine) return fault("offline", "You are offline, and the model is not on this device.", true);
    if (!read) return fault("input-unread", "What you gave can not be read now.", true);
    return fault("bridge-unreachable", "The model’s server does not answer.", true);
  } finally {
    over();
  }
}

/**
 * How long a page listens: until it is cancelled, nothing more is heard, or it has been too long.
 * @param {AbortSignal} cancelled
 */
function attention(cancelled) {
  const ending = new AbortController();
  const end = () => ending.abort();
  cancelled.addEventListener("abort", end);
  const whole = setTimeout(end, WHOLE);
  let silence = 0;
  const heard = (more = 0) => {
    clearTimeout(silence);
    silence = setTimeout(end, SILENCE + more);
  };
  const over = () => {
    clearTimeout(whole);
    clearTimeout(silence);
    end(); // what a stream might still say is for nobody
  };
  return { signal: ending.signal, heard, over };
}

/** What is sent, and about how many bytes it has. @param {[string, Part][]} parts @returns {[FormData, number]} */
function form(parts) {
  const input = new FormData();
  let size = 0;
  for (const [field, { content, name = "" }] of parts) {
    // Of a file's name, its ending is told and nothing else.
    if (typeof content === "string") input.append(field, content);
    else input.append(field, content, `file${/\.\w+$/.exec(name)?.[0] ?? ""}`);
    size += typeof content === "string" ? content.length : content.size;
  }
  return [input, size];
}

/** Whether it is told as it happens; a bridge may also answer all at once. @param {Response} response */
function isStream(response) {
  return response.ok && /^text\/event-stream\b/.test(response.headers.get("Content-Type") ?? "");
}

/**
 * What a stream says last, a prediction or a problem; null when it ends without.
 * @param {Response} response
 * @param {() => void} heard
 * @param {Told} told
 */
async function last(response, heard, told) {
  for await (const [event, text] of events(/** @type {ReadableStream<Uint8Array>} */ (response.body), heard)) {
    if (event === "prediction" || event === "problem") return JSON.parse(text);
    if (TOLD.has(event)) told(event, JSON.parse(text));
  }
  return null;
}

/**
 * The events of a stream, wherever its bytes were cut on their way; comments are signs of life and nothing else.
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} heard called whenever there was anything
 * @returns {AsyncGenerator<[string, string]>} each one's name and what it says
 */
export async function* events(body, heard) {
  const reader = body.getReader();
  const decoder = new TextDecoder(); // keeps half a letter until the rest of it comes, and leaves out a byte order mark
  let [event, rest, cut] = ["", "", false]; // `cut`: perhaps between the two letters that end a line
  /** @type {string[]} */
  let data = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    heard();
    const text = decoder.decode(part.value, { stream: true });
    const lines = (cut && text[0] === "\n" ? text.slice(1) : text).split(/\r\n|\n|\r/);
    if (text) cut = text.endsWith("\r");
    lines[0] = rest + lines[0];
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, field, said = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (field === "event") event = said;
      if (field === "data") data.push(said);
      if (line) continue;
      if (data.length) yield [event, data.join("\n")];
      [event, data] = ["", []];
    }
  }
}

/** A problem (RFC 9457) as the page's fault; an answer that is none of the bridge's own says so. @param {any} problem @returns {Fault} */
function faultOf(problem) {
  const kind = /^urn:tinyspaces:([a-z-]+)$/.exec(problem?.type)?.[1];
  if (!kind) return fault("bridge-unreachable", "Something else answered in the place of the model’s server.", true);
  const after = problem.retry_after > 0 ? Math.min(Number(problem.retry_after), LONGEST_WAIT) : undefined;
  return { ...fault(kind, String(problem.detail), problem.retryable === true), field: problem.field, after };
}

function outdated() {
  return fault("contract-broken", "The model has changed since this page was made.", false);
}

function lost() {
  return fault("connection-lost", "The connection was lost before the answer came.", true);
}

/** @param {string} kind @param {string} detail @param {boolean} retryable @returns {Fault} */
function fault(kind, detail, retryable) {
  return { kind, detail, retryable };
}
