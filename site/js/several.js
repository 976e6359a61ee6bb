// One answer for each of several photos: a table that fills as they come, or the photos sorted by their labels.

import { html, useState } from "../vendor/preact-htm.js";
import { draw as pictures } from "./gallery.js";
import { address } from "./given.js";
import { Rows, grid, keptRows } from "./grid.js";
import { faultOf } from "./routes.js";
import { percent } from "./view.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {{at: number, fault: any}} Missed one that failed, with the page's own fault or the bridge's problem
 * @typedef {{photos?: string[], names?: string[], failed?: Missed[], files: string}} Beside the photos' addresses and names, in the order of the answers
 */

/** @type {import("./view.js").Draw} */
export function draw(schema, values, files, steps = {}, photos = []) {
  const failed = Object.values(steps).flatMap((step) => step.failed ?? []);
  return several(schema, values, { photos: photos.map(({ url }) => url), names: photos.map(({ name }) => name), failed, files });
}

/**
 * What a model says of each of several: undefined for one that has not been answered, null for one that failed.
 * @param {Schema} schema of an array, its `items` of one answer
 * @param {any[]} values
 * @param {Beside} beside
 */
export function several({ title = say("drawing.answer"), items = {} }, values, { photos = [], names = [], failed = [], files }) {
  const count = Math.max(values.length, photos.length);
  const reasons = new Map(failed.map(({ at, fault }) => [at, reasonOf(fault)]));
  const all = Array.from({ length: count }, (_, at) => ({
    value: values[at], photo: photos[at], why: reasons.get(at), name: names[at] || say("drawing.numbered", { title: say("drawing.photo"), number: at + 1 }),
  }));
  if (items.kind === "label") return html`<${Wardrobe} title=${title} words=${items.properties?.label?.words ?? {}} all=${all} />`;
  const made = all.filter(({ value }) => address(value, files));
  if (made.length) return html`${pictures({ kind: "gallery", title }, made.map(({ value, name }) => ({ media: value, caption: name })), files)}${unmade(all)}`;
  return grid({ title, headers: [say("drawing.photo"), title], rows: all.map((each) => [each.name, each.value ?? stateWords(each)]) });
}

/** Beneath pictures, those of which there is none. @param {Each[]} all */
function unmade(all) {
  const without = all.filter(({ value }) => !value);
  return without.length > 0 && html`<ul class="plain">${without.map((each) => html`<li><bdi>${each.name}</bdi>: ${state(each)}</li>`)}</ul>`;
}

/**
 * @typedef {{value: any, photo?: string, name: string, why?: string}} Each `why` it failed
 * @param {{title: string, words: Record<string, string>, all: Each[]}} answers
 */
function Wardrobe({ title, words, all }) {
  const [byLabel, sort] = useState(false);
  const headers = [say("drawing.photo"), say("drawing.label"), say("drawing.confidence"), say("drawing.familiar")];
  const rows = all.map(({ name, value }) => [name, value?.label ?? null, sureness(value), value?.familiarity ?? familiar(value)]);
  const cell = (/** @type {unknown} */ _, /** @type {number} */ row, /** @type {number} */ column) => drawn(all[row], words, column);
  return html`<p class="sorts"><label><input type="checkbox" checked=${byLabel} onChange=${() => sort(!byLabel)} /> ${say("drawing.by-label")}</label></p>
    ${byLabel && html`<div class="wardrobe" aria-live="off">${groups(all).map(([label, within]) => html`<section key=${label}>
      <p class="name"><bdi>${label === null ? say("drawing.unanswered") : words[label] ?? label}</bdi> <small>${within.length}</small></p>
      <ul>${within.map((each) => html`<li>${shown(each)}${each.value ? html`<span class="quiet">${percent(sureness(each.value) ?? 0)}${each.value.unfamiliar && html` · ${say("drawing.unfamiliar")}`}</span>` : state(each)}</li>`)}</ul></section>`)}</div>`}
    <div class="labelled" hidden=${byLabel}><${Rows} title=${title} headers=${headers} rows=${rows} drawn=${cell} /></div>
    ${keptRows({ title, headers, rows })}`;
}

/** A photo, its label, how sure the model is, and whether it knows such a thing. @param {Each} each @param {Record<string, string>} words @param {number} column */
function drawn(each, words, column) {
  const { value } = each;
  if (column === 0) return shown(each);
  if (!value) return column === 1 ? state(each) : "";
  const sure = sureness(value);
  if (column === 1) return words[value.label] ?? value.label ?? say("answer.nothing");
  if (column === 3) return value.unfamiliar === undefined ? "" : value.unfamiliar ? html`<strong>${say("drawing.unfamiliar")}</strong>` : say("drawing.yes");
  return sure === null ? "" : html`<span class="sure">${percent(sure)}<svg class="share" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect width=${sure * 100} height="1" /></svg></span>`;
}

/** @param {Each} each */
function shown({ photo, name }) {
  return html`<span class="photo">${photo && html`<img src=${photo} alt="" />`}<bdi class="short" title=${name}>${name}</bdi></span>`;
}

/** How one is that has no answer. @param {Each} each */
function state(each) {
  return html`<span class=${each.value === undefined ? "quiet" : "missed"} dir="auto">${stateWords(each)}</span>`;
}

/** @param {Each} each */
function stateWords({ value, why }) {
  return value === undefined ? say("drawing.asking") : why ? say("drawing.failed-why", { why }) : say("drawing.failed");
}

/** @param {any} fault */
function reasonOf(fault) {
  return (fault?.type ? faultOf(fault) : fault)?.detail;
}

/** Each label with its photos, the one with most first; what has no answer last. @param {Each[]} all @returns {[string | null, Each[]][]} */
function groups(all) {
  /** @type {Map<string | null, Each[]>} */
  const found = new Map();
  for (const each of all) found.set(each.value?.label ?? null, [...(found.get(each.value?.label ?? null) ?? []), each]);
  return [...found].sort(([one, these], [other, those]) => Number(one === null) - Number(other === null) || those.length - these.length);
}

/** @param {any} value @returns {number | null} */
function sureness(value) {
  const sure = value?.confidences?.[0]?.confidence;
  return typeof sure === "number" ? Math.min(1, Math.max(0, sure)) : null;
}

/** @param {any} value */
function familiar(value) {
  return value?.unfamiliar === undefined ? null : say(value.unfamiliar ? "drawing.no" : "drawing.yes");
}
