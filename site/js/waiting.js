// Words for those who wait longer than a moment: what happens, roughly how long it takes, and what to look at meanwhile.

import { html } from "../vendor/preact-htm.js";
import { span } from "./view.js";
import { listed, say } from "./words.js";

/**
 * @typedef {import("./view.js").Question} Question
 * @typedef {NonNullable<Question["news"]>} News
 */

const OFFERED = 3; // examples
const LONGEST_WORD = 80; // letters of what a model says of its work
const LONGEST_WAIT = 3600; // seconds; whoever estimates more does not know

/** What the Hub says of a Space that wakes; words that it may learn one day mean the same as none. */
const STAGES = new Map([
  ["SLEEPING", say("wait.asleep")],
  ["BUILDING", say("wait.building")],
  ["RUNNING_BUILDING", say("wait.building")],
  ["APP_STARTING", say("wait.starting")],
  ["RUNNING_APP_STARTING", say("wait.starting")],
  ["RUNNING", say("wait.awake")],
]);

/** @type {Record<string, (about: any) => string>} */
const SENTENCES = {
  stage: ({ stage }) => STAGES.get(stage) ?? say("wait.waking"),
  queue: ({ place }) => (place === 0 ? say("wait.next") : place > 0 ? say("wait.before", { count: many(place) }) : say("wait.queue")),
  progress: () => say("wait.progress"),
  fetching: () => say("wait.fetching"),
  away: () => say("wait.away"),
  offline: () => say("wait.offline"),
  busy: () => say("wait.busy"),
  again: () => say("wait.again"),
};

/**
 * What happens, spoken when it changes; and how far it is, which ticks in silence.
 * @param {Question} asking
 * @param {number} waited milliseconds
 */
export function happening({ begun, news, partial }, waited) {
  const now = begun + waited;
  const sentence = news ? SENTENCES[news.event](news.about ?? {}) : say("wait.still");
  return html`<p class="now">${partial === undefined ? sentence : say("answer.partial")}</p>
    <div class="far" aria-live="off">${news && bar(news, now)}
      <p class="quiet">${beneath(news, now, waited)}</p></div>`;
}

/** @param {News | undefined} news @param {number} now @param {number} waited */
function beneath(news, now, waited) {
  if (news?.event === "progress") return work(news.about);
  if (news?.event === "fetching") return say("wait.fetched", { loaded: megabytes(news.about.loaded), total: megabytes(news.about.total) });
  return time(news, now, waited);
}

/** @param {number} size bytes */
function megabytes(size) {
  return (size / 1e6).toFixed(1);
}

/** How long it will take, where that is known; how long it took so far, where not. @param {News | undefined} news @param {number} now @param {number} waited */
function time(news, now, waited) {
  const left = news ? leftOf(news, now) : null;
  if (left === null) return say("wait.so-far", { span: span(waited / 1000) });
  if (news?.event === "busy") return left > 0 ? say("wait.again-in", { span: span(left) }) : "";
  return left > 0 ? say("wait.left", { span: span(left < 10 ? left : Math.ceil(left / 5) * 5) }) : say("wait.now");
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
    if (share === null) return html`<progress key="unknown" aria-label=${say("wait.how-far")}></progress>`;
    return html`<progress key="known" aria-label=${say("wait.how-far")} max="1" value=${share}></progress>`;
  }
  if (news.event === "fetching") {
    return html`<progress key="fetching" aria-label=${say("wait.fetching")} max=${news.about.total} value=${news.about.loaded}></progress>`;
  }
  const left = leftOf(news, now);
  const passed = (now - news.since) / 1000;
  return left !== null && html`<progress aria-label=${say("wait.how-long")} max="1" value=${passed / (passed + left || 1)}></progress>`;
}

/** @param {any} about @returns {number | null} from 0 to 1 */
function shareOf({ progress, index, length }) {
  const share = typeof progress === "number" ? progress : typeof index === "number" && length > 0 ? index / length : NaN;
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : null;
}

/** What the model says of its work: text, and in its own direction. @param {any} about */
function work({ index, length, unit, desc }) {
  const counted = Number.isFinite(index) && Number.isFinite(length) ? say("wait.counted", { index, length, unit: short(unit ?? "") }).trim() : "";
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
  const links = some.map(({ name, title }) => html`<a href=${`#${name}`}>${title}</a>`);
  // The sentence is said whole, and the links stand where its gap is.
  const [before, after] = say("wait.meanwhile", { examples: "\n" }).split("\n");
  return some.length > 0 && html`<p class="quiet">${before}${listed(links)}${after}</p>`;
}
