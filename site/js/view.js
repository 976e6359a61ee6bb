// The answer's area for each state, and the drawing of a label: pure functions, no fetch, no listeners of their own.

import { html } from "../vendor/preact-htm.js";
import { onlyPhotos } from "./contract.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {{name: "idle", ready: boolean}
 *   | {name: "waiting", long: boolean, cancel: () => void}
 *   | {name: "answered", answer: Answer}
 *   | {name: "failed", fault: Fault, kept: boolean, beside: boolean}} State
 * @typedef {(schema: Schema, prediction: any, files: string) => import("../vendor/preact-htm.js").Drawing} Draw
 */

// A fault is drawn anew each time, so that the same one twice is heard twice.
let faults = 0;

/** What stands in the region "Answer". @param {Contract} contract @param {State} state @param {Draw} draw */
export function answer(contract, state, draw) {
  switch (state.name) {
    case "idle":
      if (!state.ready) return html`<p class="quiet">Nothing asked yet.</p>`;
      return html`<p class="quiet">${onlyPhotos(contract) ? "The photo is ready: press Ask." : "Ready: press Ask."}</p>`;
    case "waiting":
      return html`<p class="waiting">Asking the model…</p>
        ${state.long && html`<p class="quiet">Still asking. A server that slept needs up to a minute to wake.</p>`}
        <button type="button" class="plain" onClick=${state.cancel}>Cancel</button>`;
    case "failed":
      return state.beside ? html`<p class="quiet">Nothing asked yet.</p>` : refusal(contract, state);
    case "answered":
      return html`${draw(contract.prediction, state.answer.prediction, state.answer.files)}
        <p class="quiet">${source(state.answer)}</p>`;
  }
}

/** A fault in words, beside the field that it is about or in the answer's place. @param {Contract} contract @param {State} state */
export function refusal(contract, state) {
  if (state.name !== "failed") return null;
  return html`<p class="fault" key=${++faults} data-kind=${state.fault.kind} role="alert">
    <strong>${state.fault.detail}</strong> ${next(contract, state)}</p>`;
}

/** A label: the verdict, and how sure the model is of each. @type {Draw} */
export function label(schema, prediction) {
  const confidences = confidencesOf(prediction);
  return html`<p class="verdict">${sentence(prediction, schema.properties?.label?.words ?? {})}</p>
    ${confidences.length > 0 && html`<ul class="bars">${confidences.map(({ label, confidence }) => html`
      <li><span>${label}</span><span>${percent(confidence)}</span>
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width=${Math.min(1, Math.max(0, confidence)) * 100} height="1" /></svg></li>`)}</ul>`}`;
}

/** Who answered, and how long it took. @param {import("./routes.js").Answer} answer */
function source({ route, took }) {
  if (route === "saved") return "A saved answer, recorded with this page. Ask, to hear it from the model itself.";
  const seconds = took < 950 ? `${Math.max(1, Math.round(took / 10)) / 100}` : `${Math.round(took / 100) / 10}`;
  return `Answered by the model’s server in ${seconds} s.`;
}

/** What to do about a fault. @param {Contract} contract @param {{fault: Fault, kept: boolean}} failed */
function next(contract, { fault, kept }) {
  const photo = onlyPhotos(contract);
  const examples = contract.examples.length > 0;
  if (fault.retryable) {
    const asleep = fault.kind === "bridge-unreachable" ? " A server that slept needs up to a minute to wake." : "";
    const look = examples ? ", or look at an example, which needs no server" : "";
    return `${photo ? "The photo" : "What you gave"} is still here: ask again in a moment${look}.${asleep}`;
  }
  if (fault.kind === "contract-broken" || fault.kind === "space-unreachable") {
    return `Asking again will not help until it is mended${examples ? "; the examples still answer" : ""}.`;
  }
  if (fault.field && kept) return `${photo ? "The photo you see" : "What you see"} is still the one before: press Ask to ask about it.`;
  if (fault.field) return "";
  return `${photo ? "Another photo" : "Another question"} may work${examples ? ", and the examples always do" : ""}.`;
}

/** @param {any} prediction @returns {{label: string, confidence: number}[]} a Space may give none */
function confidencesOf(prediction) {
  return prediction?.confidences ?? [];
}

/**
 * The verdict in one plain sentence, as sure as the model and no surer.
 * @param {any} prediction
 * @param {Record<string, string>} words what each label is called in a sentence
 */
export function sentence(prediction, words) {
  const [first, second] = confidencesOf(prediction);
  const called = (/** @type {string} */ label) => words[label] ?? label;
  const begun = (/** @type {string} */ text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  if (!first) return prediction?.label ? `${begun(called(prediction.label))}.` : "Nothing.";
  if (second && first.confidence < 0.6) {
    return `Hard to say: ${called(first.label)}, ${percent(first.confidence)}, or ${called(second.label)}, ${percent(second.confidence)}.`;
  }
  return `${begun(`${first.confidence < 0.9 ? "probably " : ""}${called(first.label)}`)}, ${percent(first.confidence)}.`;
}

/** Never "100 %" and never "0 %": the model does not know that. @param {number} share from 0 to 1 */
export function percent(share) {
  if (share > 0.99) return "over 99\u00a0%";
  if (share < 0.01) return "under 1\u00a0%";
  return `${Math.floor(share * 100 + 0.5)}\u00a0%`;
}
