// Words for those who wait longer than a moment: what happens, roughly how long it takes, and what to look at meanwhile.

import { html } from "../vendor/preact-htm.js";
import { PARTIAL, span } from "./view.js";

/**
 * @typedef {import("./view.js").Question} Question
 * @typedef {NonNullable<Question["news"]>} News
 */

const OFFERED = 3; // examples
const LONGEST_WORD = 80; // letters of what a model says of its work
const LONGEST_WAIT = 3600; // seconds; whoever estimates more does not know

/** What the Hub says of a Space that wakes; words that it may learn one day mean the same as none. */
const STAGES = new Map([
  ["SLEEPING", "The model was asleep and is waking up."],
  ["BUILDING", "The model’s Space is being built."],
  ["RUNNING_BUILDING", "The model’s Space is being built."],
  ["APP_STARTING", "The model is starting."],
  ["RUNNING_APP_STARTING", "The model is starting."],
  ["RUNNING", "The model is awake."],
]);

/** @type {Record<string, (about: any) => string>} */
const SENTENCES = {
  stage: ({ stage }) => STAGES.get(stage) ?? "The model is waking up.",
  queue: ({ place }) => (place === 0 ? "You are next." : place === 1 ? "1 is before you." : place > 1 ? `${many(place)} are before you.` : "You are in the queue."),
  progress: () => "The model is at work.",
  away: () => "The model’s server may be asleep: it is tried again.",
  offline: () => "You are offline: it is tried again when you are back.",
  busy: () => "The model is busy: it is asked again by itself.",
  again: () => "Asking the model again…",
};

/**
 * What happens, spoken when it changes; and how far it is, which ticks in silence.
 * @param {Question} asking
 * @param {number} waited milliseconds
 */
export function happening({ begun, news, partial }, waited) {
  const now = begun + waited;
  const sentence = news ? SENTENCES[news.event](news.about ?? {}) : "Still asking…";
  return html`<p class="now">${partial === undefined ? sentence : PARTIAL}</p>
    <div class="far" aria-live="off">${news && bar(news, now)}
      <p class="quiet">${news?.event === "progress" ? work(news.about) : time(news, now, waited)}</p></div>`;
}

/** How long it will take, where that is known; how long it took so far, where not. @param {News | undefined} news @param {number} now @param {number} waited */
function time(news, now, waited) {
  const left = news ? leftOf(news, now) : null;
  if (left === null) return `${span(waited / 1000)} so far.`;
  if (news?.event === "busy") return left > 0 ? `Asked again in ${span(left)}.` : "";
  return left > 0 ? `Usually about ${span(left < 10 ? left : Math.ceil(left / 5) * 5)} more.` : "Any moment now.";
}

/** The seconds that it is thought to take still; null where nobody knows. @param {News} news @param {number} now */
function leftOf({ about, at }, now) {
  const eta = about?.eta;
  return typeof eta === "number" && eta >= 0 && eta <= LONGEST_WAIT ? Math.max(0, eta - (now - at) / 1000) : null;
}

/** How far the model is, as it says itself; or the wait, where it is known how long that is. @param {News} news @param {number} now */
function bar(news, now) {
  if (news.event === "progress") {
    const share = shareOf(news.about);
    // Two elements: one that was known once does not become unknown again.
    if (share === null) return html`<progress key="unknown" aria-label="How far the model is"></progress>`;
    return html`<progress key="known" aria-label="How far the model is" max="1" value=${share}></progress>`;
  }
  const left = leftOf(news, now);
  const passed = (now - news.since) / 1000;
  return left !== null && html`<progress aria-label="How far the wait is" max="1" value=${passed / (passed + left || 1)}></progress>`;
}

/** @param {any} about @returns {number | null} from 0 to 1 */
function shareOf({ progress, index, length }) {
  const share = typeof progress === "number" ? progress : typeof index === "number" && length > 0 ? index / length : NaN;
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : null;
}

/** What the model says of its work: text, and in its own direction. @param {any} about */
function work({ index, length, unit, desc }) {
  const counted = Number.isFinite(index) && Number.isFinite(length) ? `${index} of ${length} ${short(unit ?? "")}`.trim() : "";
  return html`<bdi>${short(desc ?? "")}</bdi>${desc && counted && ": "}<bdi>${counted}</bdi>`;
}

/** @param {unknown} count as a Space says it */
function many(count) {
  return Math.min(999, Math.round(Number(count)));
}

/** @param {unknown} said */
function short(said) {
  const letters = [...String(said)];
  return letters.length > LONGEST_WORD ? `${letters.slice(0, LONGEST_WORD - 1).join("")}…` : letters.join("");
}

/** What was answered before, to be looked at meanwhile. @param {import("./contract.js").Contract} contract */
export function meanwhile({ examples }) {
  const some = examples.slice(0, OFFERED);
  const comma = (/** @type {number} */ at) => (at === 0 ? "" : at === some.length - 1 ? " and " : ", ");
  return some.length > 0 && html`<p class="quiet">Meanwhile, these answers were recorded earlier: ${some.map(({ name, title }, at) =>
    html`${comma(at)}<a href=${`#${name}`}>${title}</a>`)}.</p>`;
}
