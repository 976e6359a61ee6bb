// The answer's area for each state, and the drawing of a label: pure functions, no fetch, no listeners of their own.

import { html } from "../vendor/preact-htm.js";
import { onlyPhotos } from "./contract.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {{name: "idle", ready: boolean}
 *   | {name: "waiting", asking: Question, waited: number, words: Words | null, files: string, cancel: () => void}
 *   | {name: "answered", answer: Answer, photos?: Photo[], look?: () => void, share?: () => void, shared?: string}
 *   | {name: "failed", fault: Fault, kept: boolean, beside: boolean, until: number}} State
 *
 * @typedef {object} Question times are in milliseconds, as the clock of the page has them
 * @property {AbortController} ending ends it
 * @property {number} begun
 * @property {{event: string, about: any, at: number, since: number}} [news] what happens; told `at`, and of this kind `since`
 * @property {any} [partial] what has been answered so far
 * @property {Steps} [steps] of several, what is known of each
 * @property {Photo[]} photos what was asked about
 * @property {() => void} [back] puts it back in the form, while the visitor looks at an example
 * @property {Answer | Fault} [ended] what became of it meanwhile
 *
 * @typedef {typeof import("./waiting.js")} Words for those who wait longer than a moment
 * @typedef {Record<string, {state?: string, prediction?: any, fault?: any, failed?: {at: number, fault: any}[]}>} Steps `failed`: those of several
 * @typedef {{url: string, name: string}} Photo as the visitor gave it
 * @typedef {(schema: Schema, prediction: any, files: string, steps?: Steps, photos?: Photo[]) => import("../vendor/preact-htm.js").Drawing} Draw
 */

/** Milliseconds after which a wait is long. */
export const LONG = 8_000;

// A fault is drawn anew each time, so that the same one twice is heard twice.
let faults = 0;

/** What stands in the region "Answer". @param {Contract} contract @param {State} state @param {Draw | null} draw null while nothing is answered */
export function answer(contract, state, draw) {
  switch (state.name) {
    case "idle":
      if (!state.ready) return html`<p class="quiet">${say("answer.none")}</p>`;
      return html`<p class="quiet">${onlyPhotos(contract) ? say("answer.photo-ready") : say("answer.ready")}</p>`;
    case "waiting":
      return waiting(contract, state, draw);
    case "failed":
      return state.beside ? html`<p class="quiet">${say("answer.none")}</p>` : refusal(contract, state);
    case "answered":
      return html`${draw?.(contract.prediction, state.answer.prediction, state.answer.files, state.answer.steps, state.photos)}
        <p key="source" class="quiet">${source(state.answer)}</p>
        ${state.look && html`<button type="button" class="plain" onClick=${state.look}>${say("look.show")}</button>`}
        ${state.share && html`<p><button type="button" class="plain" onClick=${state.share}>${say("link.copy")}</button> <span class="quiet" role="status">${state.shared}</span></p>`}
        <div class="looked"></div>`;
  }
}

/**
 * Who waits sees what has come so far, what happens, how to stop it, and what to look at meanwhile.
 * @param {Contract} contract
 * @param {Extract<State, {name: "waiting"}>} state
 * @param {Draw | null} draw
 */
function waiting(contract, { asking, waited, words, files, cancel }, draw) {
  const alone = Object.keys(contract.steps).length === 1;
  const sofar = alone ? asking.partial ?? Object.values(asking.steps ?? {})[0]?.prediction : asking.steps;
  const partial = sofar !== undefined;
  const offline = asking.news?.event === "offline";
  const plain = partial ? say("answer.partial") : offline ? say("wait.offline") : waited > LONG ? say("wait.still") : say("wait.asking");
  return html`<div key="wait" class="wait">${words ? words.happening(asking, waited) : html`<p class="waiting">${plain}</p>`}</div>
    <button key="cancel" type="button" class="plain" onClick=${cancel}>${say("wait.cancel")}</button>
    ${partial && draw && html`<div key="partial" class="sofar" aria-live="off">${draw(contract.prediction, alone ? sofar : asking.partial, files, asking.steps, asking.photos)}</div>`}
    ${words && !partial && words.meanwhile(contract)}`;
}

/**
 * How the visitor's own question is, while they look at an example.
 * @param {Answer | Fault | undefined} ended
 * @param {() => void} back
 */
export function reminder(ended, back) {
  const [words, verb] = !ended
    ? [say("reminder.waits"), say("reminder.back")]
    : "kind" in ended ? [say("reminder.failed"), say("reminder.why")] : [say("reminder.here"), say("reminder.show")];
  return html`<p>${words}</p> <button type="button" onClick=${back}>${verb}</button>`;
}

/** A fault in words, beside the field that it is about or in the answer's place. @param {Contract} contract @param {State} state */
export function refusal(contract, state) {
  if (state.name !== "failed") return null;
  return html`<p class="fault" key=${++faults} data-kind=${state.fault.kind} role="alert">
    <strong dir="auto">${state.fault.detail}</strong> ${next(contract, state)}</p>`;
}

/** A label: the verdict, and how sure the model is of each. @type {Draw} */
export function label(schema, prediction) {
  const confidences = confidencesOf(prediction);
  const words = schema.properties?.label?.words ?? {};
  return html`<p class="verdict">${prediction?.unfamiliar ? say("label.unfamiliar") : begun(choice(prediction, words))}</p>
    ${prediction?.unfamiliar && html`<p>${say("label.unlike")} ${forced(prediction, words)}</p>`}
    ${confidences.length > 0 && html`<ul class="bars">${confidences.map(({ label, confidence }) => html`
      <li><bdi>${label}</bdi><span>${percent(confidence)}</span>
        <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
          <rect width=${Math.min(1, Math.max(0, confidence)) * 100} height="1" /></svg></li>`)}</ul>`}`;
}

/** Who answered, how long it took, and where what was given has been. @param {import("./routes.js").Answer} answer */
function source({ route, took, sent, shrunk }) {
  if (route === "saved") return html`${say("answer.saved")} <span class="unprinted">${say("answer.saved-ask")}</span>`;
  const seconds = took < 950 ? Math.max(1, Math.round(took / 10)) / 100 : Math.round(took / 100) / 10;
  if (route === "bridge") return `${say("answer.bridge", { seconds })} ${say("answer.left")}`;
  const small = shrunk ? ` ${say("answer.shrunk")}` : "";
  const left = sent === "surely" ? say("answer.sent") : sent ? say("answer.perhaps-sent") : say("answer.stayed");
  return `${say("answer.device", { seconds })} ${left}${small}`;
}

/** What to do about a fault. @param {Contract} contract @param {{fault: Fault, kept: boolean}} failed */
function next(contract, { fault, kept }) {
  const photo = onlyPhotos(contract);
  const examples = (/** @type {string} */ words) => (contract.examples.length ? ` ${words}` : "");
  if (fault.retryable) {
    const about = { span: fault.after ? span(fault.after) : say("span.moment") };
    return (photo ? say("next.photo-here", about) : say("next.here", about)) + examples(say("next.or-example"));
  }
  if (fault.kind === "contract-broken" || fault.kind === "space-unreachable") {
    return say("next.mended") + examples(say("next.examples-answer"));
  }
  if (fault.field && kept) return photo ? say("next.photo-before") : say("next.before");
  if (fault.field || fault.kind === "page-broken") return "";
  return (photo ? say("next.another-photo") : say("next.another")) + examples(say("next.examples-always"));
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
  return prediction?.unfamiliar ? `${say("label.unfamiliar")} ${forced(prediction, words)}` : begun(choice(prediction, words));
}

/** What it says of something unlike all it knows: it has no word for that. @param {any} prediction @param {Record<string, string>} words */
function forced(prediction, words) {
  return say("label.forced", { choice: choice(prediction, words) });
}

/** @param {any} prediction @param {Record<string, string>} words */
function choice(prediction, words) {
  const [first, second] = confidencesOf(prediction);
  const called = (/** @type {string} */ label) => words[label] ?? label;
  if (!first) return prediction?.label ? `${called(prediction.label)}.` : say("answer.nothing");
  const about = { label: called(first.label), percent: percent(first.confidence) };
  if (second && first.confidence < 0.6) {
    return say("label.hard", { ...about, other: called(second.label), less: percent(second.confidence) });
  }
  return first.confidence < 0.9 ? say("label.probably", about) : say("label.sure", about);
}

/** @param {string} text */
function begun(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** So many seconds, as roughly as one needs to know. @param {number} seconds */
export function span(seconds) {
  if (seconds < 100) return say("span.seconds", { number: Math.ceil(seconds) });
  return seconds < 6000 ? say("span.minutes", { number: Math.round(seconds / 60) }) : say("span.hours", { number: Math.round(seconds / 3600) });
}

/** Never "100 %" and never "0 %": the model does not know that. @param {number} share from 0 to 1 */
export function percent(share) {
  if (share > 0.99) return say("percent.over");
  if (share < 0.01) return say("percent.under");
  return say("percent.plain", { number: Math.floor(share * 100 + 0.5) });
}
