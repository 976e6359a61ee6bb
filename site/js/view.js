// The answer's area for each state, and the drawing of a label: pure functions, no fetch, no listeners of their own.

import { html } from "../vendor/preact-htm.js";
import { onlyPhotos } from "./contract.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {{name: "idle", ready: boolean}
 *   | {name: "waiting", asking: Question, waited: number, words: Words | null, files: string, cancel: () => void}
 *   | {name: "answered", answer: Answer}
 *   | {name: "failed", fault: Fault, kept: boolean, beside: boolean, until: number}} State
 *
 * @typedef {object} Question times are in milliseconds, as the clock of the page has them
 * @property {AbortController} ending ends it
 * @property {number} begun
 * @property {{event: string, about: any, at: number, since: number}} [news] what happens; told `at`, and of this kind `since`
 * @property {any} [partial] what has been answered so far
 * @property {() => void} [back] puts it back in the form, while the visitor looks at an example
 * @property {Answer | Fault} [ended] what became of it meanwhile
 *
 * @typedef {typeof import("./waiting.js")} Words for those who wait longer than a moment
 * @typedef {(schema: Schema, prediction: any, files: string) => import("../vendor/preact-htm.js").Drawing} Draw
 */

/** Milliseconds after which a wait is long. */
export const LONG = 8_000;

/** Beside an answer that is not whole. */
export const PARTIAL = "Still being answered: this is not all of it yet.";

const UNFAMILIAR = "Unfamiliar.";

// A fault is drawn anew each time, so that the same one twice is heard twice.
let faults = 0;

/** What stands in the region "Answer". @param {Contract} contract @param {State} state @param {Draw} draw */
export function answer(contract, state, draw) {
  switch (state.name) {
    case "idle":
      if (!state.ready) return html`<p class="quiet">Nothing asked yet.</p>`;
      return html`<p class="quiet">${onlyPhotos(contract) ? "The photo is ready: press Ask." : "Ready: press Ask."}</p>`;
    case "waiting":
      return waiting(contract, state, draw);
    case "failed":
      return state.beside ? html`<p class="quiet">Nothing asked yet.</p>` : refusal(contract, state);
    case "answered":
      return html`${draw(contract.prediction, state.answer.prediction, state.answer.files)}
        <p class="quiet">${source(state.answer)}</p>`;
  }
}

/**
 * Who waits sees what has come so far, what happens, how to stop it, and what to look at meanwhile.
 * @param {Contract} contract
 * @param {Extract<State, {name: "waiting"}>} state
 * @param {Draw} draw
 */
function waiting(contract, { asking, waited, words, files, cancel }, draw) {
  const partial = asking.partial !== undefined;
  const plain = partial ? PARTIAL : asking.news?.event === "offline" ? "You are offline: it is tried again when you are back." : waited > LONG ? "Still asking…" : "Asking the model…";
  return html`${partial && html`<div key="partial" aria-live="off">${draw(contract.prediction, asking.partial, files)}</div>`}
    <div key="wait" class="wait">${words ? words.happening(asking, waited) : html`<p class="waiting">${plain}</p>`}</div>
    <button key="cancel" type="button" class="plain" onClick=${cancel}>Cancel</button>
    ${words && !partial && words.meanwhile(contract)}`;
}

/**
 * How the visitor's own question is, while they look at an example.
 * @param {Answer | Fault | undefined} ended
 * @param {() => void} back
 */
export function reminder(ended, back) {
  const [words, verb] = !ended
    ? ["Your question still waits.", "Back to it"]
    : "kind" in ended ? ["Your question failed.", "See why"] : ["Your answer is here.", "Show it"];
  return html`<p>${words}</p> <button type="button" onClick=${back}>${verb}</button>`;
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
  const words = schema.properties?.label?.words ?? {};
  return html`<p class="verdict">${prediction?.unfamiliar ? UNFAMILIAR : choice(prediction, words)}</p>
    ${prediction?.unfamiliar && html`<p>This is unlike what it learned from. ${forced(prediction, words)}</p>`}
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
    const look = examples ? ", or look at an example, which needs no server" : "";
    const when = fault.after ? span(fault.after) : "a moment";
    return `${photo ? "The photo" : "What you gave"} is still here: ask again in ${when}${look}.`;
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
 * The verdict in one plain sentence, as sure as the model and no surer; what is unfamiliar comes first.
 * @param {any} prediction
 * @param {Record<string, string>} words what each label is called in a sentence
 */
export function sentence(prediction, words) {
  return prediction?.unfamiliar ? `${UNFAMILIAR} ${forced(prediction, words)}` : choice(prediction, words);
}

/** What it says of something unlike all it knows: it has no word for that. @param {any} prediction @param {Record<string, string>} words */
function forced(prediction, words) {
  const said = choice(prediction, words);
  return `If it has to choose: ${said.slice(0, 1).toLowerCase()}${said.slice(1)}`;
}

/** @param {any} prediction @param {Record<string, string>} words */
function choice(prediction, words) {
  const [first, second] = confidencesOf(prediction);
  const called = (/** @type {string} */ label) => words[label] ?? label;
  const begun = (/** @type {string} */ text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  if (!first) return prediction?.label ? `${begun(called(prediction.label))}.` : "Nothing.";
  if (second && first.confidence < 0.6) {
    return `Hard to say: ${called(first.label)}, ${percent(first.confidence)}, or ${called(second.label)}, ${percent(second.confidence)}.`;
  }
  return `${begun(`${first.confidence < 0.9 ? "probably " : ""}${called(first.label)}`)}, ${percent(first.confidence)}.`;
}

/** So many seconds, as roughly as one needs to know. @param {number} seconds */
export function span(seconds) {
  if (seconds < 100) return `${Math.ceil(seconds)}\u00a0s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)}\u00a0minutes` : `${Math.round(seconds / 3600)}\u00a0hours`;
}

/** Never "100 %" and never "0 %": the model does not know that. @param {number} share from 0 to 1 */
export function percent(share) {
  if (share > 0.99) return "over 99\u00a0%";
  if (share < 0.01) return "under 1\u00a0%";
  return `${Math.floor(share * 100 + 0.5)}\u00a0%`;
}
