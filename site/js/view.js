// The answer's area for each state: pure functions, no fetch, no listeners of their own.

import { html } from "../vendor/preact-htm.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Prediction} Prediction
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {{name: "idle", ready: boolean}
 *   | {name: "waiting", long: boolean, cancel: () => void}
 *   | {name: "answered", answer: Answer}
 *   | {name: "failed", fault: Fault, kept: boolean}} State
 */

// A fault is drawn anew each time, so that the same one twice is heard twice.
let faults = 0;

/** What stands in the region "Answer". @param {Contract} contract @param {State} state */
export function answer(contract, state) {
  switch (state.name) {
    case "idle":
      return html`<p class="quiet">${state.ready ? "The photo is ready: press Ask." : "Nothing asked yet."}</p>`;
    case "waiting":
      return html`<p class="waiting">Asking the model…</p>
        ${state.long && html`<p class="quiet">Still asking. A server that slept needs up to a minute to wake.</p>`}
        <button type="button" class="plain" onClick=${state.cancel}>Cancel</button>`;
    case "failed":
      return html`<p class="fault" key=${++faults} data-kind=${state.fault.kind} role="alert">
        <strong>${state.fault.detail}</strong> ${next(state)}</p>`;
    case "answered":
      return answered(words(contract), state.answer);
  }
}

/** @param {Record<string, string>} words @param {Answer} answer */
function answered(words, { prediction, route, took }) {
  return html`<p class="verdict">${sentence(prediction, words)}</p>
    <ul class="bars">${prediction.confidences.map(({ label, confidence }) => html`
      <li><span>${label}</span><span>${percent(confidence)}</span>
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width=${confidence * 100} height="1" /></svg></li>`)}</ul>
    <p class="quiet">${source(route, took)}</p>`;
}

/** Who answered, and how long it took. @param {string} route @param {number} took in milliseconds */
function source(route, took) {
  if (route === "saved") return "A saved answer, recorded with this page. Ask, to hear it from the model itself.";
  const seconds = took < 950 ? `${Math.max(1, Math.round(took / 10)) / 100}` : `${Math.round(took / 100) / 10}`;
  return `Answered by the model’s server in ${seconds} s.`;
}

/** What to do about a fault. @param {{fault: Fault, kept: boolean}} failed */
function next({ fault, kept }) {
  if (fault.retryable) {
    const asleep = fault.kind === "bridge-unreachable" ? " A server that slept needs up to a minute to wake." : "";
    return `The photo is still here: ask again in a moment, or look at an example, which needs no server.${asleep}`;
  }
  if (fault.kind === "contract-broken" || fault.kind === "space-unreachable") {
    return "Asking again will not help until it is mended; the examples still answer.";
  }
  if (fault.field && kept) return "The photo you see is still the one before: press Ask to ask about it.";
  return fault.field ? "" : "Another photo may work, and the examples always do.";
}

/** What each label is called in a sentence. @param {Contract} contract @returns {Record<string, string>} */
export function words(contract) {
  return contract.prediction.properties?.label?.words ?? {};
}

/**
 * The verdict in one plain sentence, as sure as the model and no surer.
 * @param {Prediction} prediction
 * @param {Record<string, string>} words
 */
export function sentence({ confidences }, words) {
  const [first, second] = confidences;
  const [one, other] = [first, second].map((each) => each && (words[each.label] ?? each.label));
  if (second && first.confidence < 0.6) {
    return `Hard to say: ${one}, ${percent(first.confidence)}, or ${other}, ${percent(second.confidence)}.`;
  }
  const name = first.confidence < 0.9 ? `probably ${one}` : one;
  return `${name[0].toUpperCase()}${name.slice(1)}, ${percent(first.confidence)}.`;
}

/** Never "100 %" and never "0 %": the model does not know that. @param {number} share from 0 to 1 */
export function percent(share) {
  if (share > 0.99) return "over 99\u00a0%";
  if (share < 0.01) return "under 1\u00a0%";
  return `${Math.floor(share * 100 + 0.5)}\u00a0%`;
}
