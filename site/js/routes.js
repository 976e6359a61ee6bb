// Where an answer comes from: a saved example, at once; the bridge, which tells what happens meanwhile; or this very device.

import { isFile, predictionHolds } from "./contract.js";
import { isSaid, say } from "./words.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Example} Example
 * @typedef {import("./form.js").Part} Part
 * @typedef {{kind: string, detail: string, field?: string, retryable: boolean, after?: number}} Fault `after`: seconds until asking again makes sense
 * @typedef {(event: string, about: any) => void} Told hears what happens before the answer; what it is told is data
 * @typedef {Record<string, {state: string, fault?: any, took_ms?: number}>} Outcomes what became of each step
 *
 * @typedef {object} Answer
 * @property {any} prediction
 * @property {"saved" | "bridge" | "device"} route
 * @property {number} took milliseconds
 * @property {string} files below which its files are
 * @property {Outcomes} [steps] of a demo with several
 * @property {"perhaps" | "surely"} [sent] whether what was given went to the bridge as well, though it was answered here
 * @property {import("./heat.js").Looked} [looked] what the model looked at, where that is known
 * @property {boolean} [shrunk] whether the photo was made smaller first, because memory was short
 *
 * @typedef {object} Question
 * @property {string} bridge its address
 * @property {Contract} contract
 * @property {Record<string, any>} input
 * @property {Promise<[string, Part][]>} parts each field's
 * @property {import("./device.js").Models} models that may be fetched to this device
 * @property {boolean} here whether it must not leave this device
 */

// The bridge says something every 10 seconds, if only that it is still there; a slow line needs longer to carry a photo to it.
const SILENCE = 35_000; // milliseconds
const WHOLE = 300_000; // milliseconds, whatever it says: a Space may take four minutes to wake
const SLOWEST = 60; // bytes a millisecond
const LARGEST = 8_900_000; // bytes that the bridge takes at once, and some for what a form puts around them
const LONGEST_WAIT = 86_400; // seconds that a page speaks of

/** Faults that may pass while one waits. */
const PASSING = ["bridge-unreachable", "offline", "space-busy"];

/** Faults of the Space, the bridge or the line: the device may answer in their place. */
const ELSEWHERE = [
  ...PASSING, "out-of-time", "space-unreachable", "app-failed", "contract-broken", "contract-unreadable", "connection-lost", "too-many-questions", "fault",
];

/** What is told by a bridge that will not answer soon. */
const ASLEEP = new Set(["stage", "away", "offline"]);

/** What may be told before the answer; what else a newer bridge may say is not for this page. */
const TOLD = new Set(["stage", "queue", "progress", "partial", "step"]);

/** The answer that an example recorded. @param {Example} example @param {string} files @returns {Answer} */
export function saved(example, files) {
  return { prediction: example.prediction, route: "saved", took: 0, files };
}

/**
 * Ask the bridge, and this device where that can not answer or sleeps; only the device where the visitor wants it so.
 * Resolves to an answer or a fault, never rejects; a cancelled question's fault is nobody's to read.
 * @param {Question} question
 * @param {AbortSignal} cancelled
 * @param {Told} told
 * @returns {Promise<Answer | Fault>}
 */
export function ask(question, cancelled, told) {
  if (question.here) return onDevice(question, cancelled, told);
  return new Promise((done) => {
    const others = new AbortController();
    const over = AbortSignal.any([cancelled, others.signal]);
    const end = (/** @type {Answer | Fault} */ ended) => done((others.abort(), ended));
    /** @type {Promise<Answer | Fault> | null} */
    let here = null;
    let quiet = false; // while the device is about to answer, what the bridge tells is of no use
    /** @type {Answer["sent"]} */
    let sent;
    const instead = () =>
      (here ??= helping(question, over, (event, about) => told(event, ((quiet = true), about))).then((ended) => {
        quiet = false;
        if (!("kind" in ended)) end({ ...ended, sent });
        return ended;
      }));
    const heard = (/** @type {string} */ event, /** @type {any} */ about) => {
      if (event === "sending") sent ??= "perhaps";
      else if (event === "sent") sent = "surely";
      else {
        if (ASLEEP.has(event)) instead();
        if (!quiet) told(event, about);
      }
    };
    byBridge(question, over, heard).then(async (ended) => {
      if ("kind" in ended && ELSEWHERE.includes(ended.kind)) await instead();
      end(ended); // of two faults the bridge's: it was the first choice
    });
  });
}

/** The device's answer where the page may fetch what it needs by itself. @param {Question} question @param {AbortSignal} cancelled @param {Told} told */
async function helping(question, cancelled, told) {
  const { contract, models } = question;
  const sparing = /** @type {any} */ (navigator).connection?.saveData === true || !navigator.onLine;
  const { able, weight } = await import("./device.js").catch(() => ({ able: () => false, weight: async () => ({ kept: false }) }));
  if (!able(contract, models) || (sparing && !(await weight(contract, models)).kept)) return unable();
  return onDevice(question, cancelled, told);
}

/** @param {Question} question @param {AbortSignal} cancelled @param {Told} told @returns {Promise<Answer | Fault>} */
async function onDevice({ contract, models, input, parts }, cancelled, told) {
  const begun = performance.now();
  const device = await import("./device.js").catch(() => null);
  if (!device?.able(contract, models)) return unable();
  const given = withFiles(contract, input, await parts);
  const ended = await device.askHere(contract, models, given, cancelled, told);
  return "kind" in ended ? ended : { ...ended, route: "device", took: performance.now() - begun, files: "" };
}

/** The input with its files in the place of their descriptions. @param {Contract} contract @param {Record<string, any>} input @param {[string, Part][]} parts */
function withFiles(contract, input, parts) {
  const fields = Object.entries(contract.input.properties);
  const filled = fields.filter(([name, field]) => name in input && (isFile(field) || isFile(field.items ?? {})));
  return Object.fromEntries([
    ...Object.entries(input),
    ...filled.map(([name, field]) => {
      const files = parts.filter(([each]) => each === name).map(([, { content }]) => content);
      return [name, isFile(field) ? files[0] : files];
    }),
  ]);
}

/**
 * Ask the bridge, and again by itself where waiting helps: see patience.js.
 * @param {Question} question
 * @param {AbortSignal} cancelled
 * @param {Told} told
 * @returns {Promise<Answer | Fault>}
 */
async function byBridge({ bridge, contract, parts }, cancelled, told) {
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
 * @param {string} bridge its address
 * @param {Contract} contract
 * @param {Promise<[string, Part][]>} parts
 * @param {AbortSignal} cancelled
 * @param {Told} told
 * @returns {Promise<Answer | Fault>}
 */
async function once(bridge, contract, parts, cancelled, told) {
  const begun = performance.now();
  const { signal, heard, over } = attention(cancelled);
  let [read, begins] = [false, false]; // what was given has been read; the bridge begins to answer
  try {
    const [body, size] = form(await parts);
    read = true;
    if (size > LARGEST) return fault("file-too-large", say("fault.too-much"), false);
    if (!navigator.onLine) return offline();
    heard(size / SLOWEST);
    told("sending", {});
    const headers = { Accept: "text/event-stream" };
    const address = `${bridge}/v1/demos/${contract.demo}/ask`;
    const response = await fetch(address, { method: "POST", body, headers, credentials: "omit", signal });
    told("sent", {});
    begins = isStream(response);
    const said = begins ? await last(response, heard, told) : await response.json();
    if (!said) return lost();
    if (!("prediction" in said) || !response.ok) return faultOf(said);
    if (!predictionHolds(contract, said.prediction)) return broken();
    return { prediction: said.prediction, steps: said.steps, route: "bridge", took: performance.now() - begun, files: `${bridge}/` };
  } catch {
    if (signal.aborted) return fault("out-of-time", say("fault.out-of-time"), true);
    if (begins) return lost();
    if (!navigator.onLine) return offline();
    if (!read) return fault("input-unread", say("fault.input-unread"), true);
    return fault("bridge-unreachable", say("fault.bridge-unreachable"), true);
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
export function faultOf(problem) {
  const kind = /^urn:tinyspaces:([a-z-]+)$/.exec(problem?.type)?.[1];
  if (!kind) return fault("bridge-unreachable", say("fault.something-else"), true);
  const after = problem.retry_after > 0 ? Math.min(Number(problem.retry_after), LONGEST_WAIT) : undefined;
  // What the bridge says is English; the page says the same with fewer words where it is not.
  const detail = document.documentElement.lang !== "en" && isSaid(`fault.${kind}`) ? say(`fault.${kind}`) : String(problem.detail);
  return { ...fault(kind, detail, problem.retryable === true), field: problem.field, after };
}

function broken() {
  return fault("contract-broken", say("fault.contract-broken"), false);
}

function unable() {
  return fault("device-unable", say("fault.device-unable"), false);
}

function offline() {
  return fault("offline", say("fault.offline"), true);
}

function lost() {
  return fault("connection-lost", say("fault.connection-lost"), true);
}

/** @param {string} kind @param {string} detail @param {boolean} retryable @returns {Fault} */
function fault(kind, detail, retryable) {
  return { kind, detail, retryable };
}
