// Where an answer comes from: a saved example, at once, or the bridge.

import { predictionHolds } from "./contract.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Example} Example
 * @typedef {import("./form.js").Part} Part
 * @typedef {{kind: string, detail: string, field?: string, retryable: boolean}} Fault
 * @typedef {{prediction: any, route: "saved" | "bridge", took: number, files: string}} Answer `files`: below which its files are
 */

// The bridge ends every question within 30 seconds of having it; a slow line needs longer to carry it there.
const PATIENCE = 35_000; // milliseconds
const SLOWEST = 60; // bytes a millisecond
const LARGEST = 8_900_000; // bytes that the bridge takes at once, and some for what a form puts around them

/** The answer that an example recorded. @param {Example} example @returns {Answer} */
export function saved(example) {
  return { prediction: example.prediction, route: "saved", took: 0, files: "" };
}

/**
 * Ask the bridge. Resolves to an answer or a fault, never rejects; a cancelled question's fault is nobody's to read.
 * @param {string} bridge its address
 * @param {Contract} contract
 * @param {() => Promise<[string, Part][]>} read gives each field's parts
 * @param {AbortSignal} cancelled
 * @returns {Promise<Answer | Fault>}
 */
export async function ask(bridge, contract, read, cancelled) {
  const begun = performance.now();
  const ending = new AbortController();
  const end = () => ending.abort();
  cancelled.addEventListener("abort", end);
  let late = 0;
  try {
    const input = new FormData();
    let size = 0;
    for (const [field, { content, name = "" }] of await read()) {
      // Of a file's name, its ending is told and nothing else.
      if (typeof content === "string") input.append(field, content);
      else input.append(field, content, `file${/\.\w+$/.exec(name)?.[0] ?? ""}`);
      size += typeof content === "string" ? content.length : content.size;
    }
    if (size > LARGEST) return fault("file-too-large", "Together this is more than 9 MB: send less at once.", false);
    late = setTimeout(end, PATIENCE + size / SLOWEST);
    const response = await fetch(`${bridge}/v1/demos/${contract.demo}/ask`, {
      method: "POST",
      body: input,
      credentials: "omit",
      signal: ending.signal,
    });
    const told = await response.json();
    if (!response.ok) return faultOf(told);
    if (!predictionHolds(contract, told.prediction)) return outdated();
    return { prediction: told.prediction, route: "bridge", took: performance.now() - begun, files: `${bridge}/` };
  } catch {
    if (ending.signal.aborted) return fault("out-of-time", "The model did not answer in time.", true);
    if (!navigator.onLine) return fault("offline", "You are offline, and the model is not on this device.", true);
    return fault("bridge-unreachable", "The model’s server does not answer.", true);
  } finally {
    clearTimeout(late);
  }
}

/** A problem (RFC 9457) as the page's fault; an answer that is none of the bridge's own says so. @param {any} problem */
function faultOf(problem) {
  const kind = /^urn:tinyspaces:([a-z-]+)$/.exec(problem?.type)?.[1];
  if (!kind) return fault("bridge-unreachable", "Something else answered in the place of the model’s server.", true);
  return { ...fault(kind, String(problem.detail), problem.retryable === true), field: problem.field };
}

function outdated() {
  return fault("contract-broken", "The model has changed since this page was made.", false);
}

/** @param {string} kind @param {string} detail @param {boolean} retryable @returns {Fault} */
function fault(kind, detail, retryable) {
  return { kind, detail, retryable };
}
