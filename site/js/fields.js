// Fields that are a native control each: words, numbers, choices, colours, dates, JSON, a chat.

import { render } from "../vendor/preact-htm.js";
import { undoable } from "./form.js";
import { drawnTurns } from "./turns.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./form.js").Field} Field
 * @typedef {{value: () => any, fill: (value: any) => void, wrong?: () => string | null}} Reading
 * @typedef {import("./turns.js").Turn} Turn
 */

/**
 * What a field drawn at build time was given.
 * @param {HTMLElement} place
 * @param {Schema} schema
 * @returns {Field}
 */
export function plainField(place, schema) {
  const reading = (KINDS[schema.kind] ?? words)(place, schema);
  const discards = undoable(place, keep);
  let own = false; // something that a visitor put there
  place.addEventListener("input", () => (own = true));
  function keep() {
    const [control, wrong] = [controlIn(place), reading.wrong?.()];
    const kept = wrong ? control.value : reading.value(); // what can not be read is kept as it was written
    return () => (wrong ? void (control.value = kept) : reading.fill(kept));
  }
  return {
    ...reading,
    keep,
    fill: (value) => {
      if (own) discards();
      own = false;
      reading.fill(value);
    },
    parts: async () => sent(schema, reading.value()).map((content) => ({ content })),
    settled: () => Promise.resolve(),
  };
}

/** A value as a form's parts say it; an empty one says that none was chosen. @param {Schema} schema @param {any} value @returns {string[]} */
function sent(schema, value) {
  const said = (/** @type {Schema} */ { type }, /** @type {any} */ one) => (type === "string" ? one : JSON.stringify(one));
  if (value === undefined) return [];
  if (schema.kind !== "choices") return [said(schema, value)];
  return value.length ? value.map((/** @type {any} */ one) => said(schema.items, one)) : [""];
}

/** @type {Record<string, (place: HTMLElement, schema: Schema) => Reading>} */
const KINDS = { number, slider, checkbox, choice, choices, color, date, json, chat };

/** @param {HTMLElement} place @returns {HTMLInputElement} */
const controlIn = (place) => /** @type {HTMLInputElement} */ (place.querySelector("input, textarea"));

/** @param {HTMLElement} place @returns {HTMLInputElement[]} */
const boxesIn = (place) => [...place.querySelectorAll("input")];

/** @param {HTMLElement} place @param {Schema} schema @returns {Reading} */
function words(place, schema) {
  const control = controlIn(place);
  return {
    // Emptied is not left alone: without the empty text, the bridge would put the default in its place.
    value: () => (control.value === "" && !("default" in schema) ? undefined : control.value),
    fill: (value) => (control.value = value ?? control.defaultValue),
  };
}

/** @param {HTMLElement} place @returns {Reading} */
function number(place) {
  return numberOf(controlIn(place));
}

/** @param {HTMLInputElement} control @returns {Reading} */
function numberOf(control) {
  return {
    value: () => (control.validity.badInput ? "no number" : control.value === "" ? undefined : control.valueAsNumber),
    fill: (value) => (control.value = value ?? control.defaultValue),
  };
}

/** Moved, or typed: what was typed counts, though it may be beyond where the slider goes. @param {HTMLElement} place @returns {Reading} */
function slider(place) {
  const [range, exact] = boxesIn(place);
  const follow = () => (range.value = exact.value);
  const reading = numberOf(exact);
  range.addEventListener("input", () => (exact.value = range.value));
  exact.addEventListener("input", follow);
  follow(); // a browser that comes back to a page may have kept another value
  return { value: reading.value, fill: (value) => (reading.fill(value), follow()) };
}

/** @param {HTMLElement} place @returns {Reading} */
function checkbox(place) {
  const control = controlIn(place);
  return { value: () => control.checked, fill: (value) => (control.checked = value ?? control.defaultChecked) };
}

/** Radios or a list; each choice is its place in `enum`. @param {HTMLElement} place @param {Schema} schema @returns {Reading} */
function choice(place, schema) {
  const list = place.querySelector("select");
  const radios = boxesIn(place);
  const chosen = () => (list ? list.value : radios.find(({ checked }) => checked)?.value) || undefined;
  const fill = (/** @type {any} */ value) => {
    const at = value === undefined ? undefined : String(schema.enum.indexOf(value));
    for (const radio of radios) radio.checked = at === undefined ? radio.defaultChecked : radio.value === at;
    for (const option of list?.options ?? []) option.selected = at === undefined ? option.defaultSelected : option.value === at;
  };
  return { value: () => chosen() && schema.enum[Number(chosen())], fill };
}

/** @param {HTMLElement} place @param {Schema} schema @returns {Reading} */
function choices(place, schema) {
  const control = place.querySelector("textarea");
  if (control) {
    const lines = (/** @type {string} */ text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
    return { value: () => lines(control.value), fill: (value) => (control.value = value?.join("\n") ?? control.defaultValue) };
  }
  const boxes = boxesIn(place);
  return {
    value: () => boxes.filter(({ checked }) => checked).map((box) => schema.items.enum[Number(box.value)]),
    fill: (value) => {
      for (const box of boxes) box.checked = value?.includes(schema.items.enum[Number(box.value)]) ?? box.defaultChecked;
    },
  };
}

/** @param {HTMLElement} place @returns {Reading} */
function color(place) {
  const control = controlIn(place);
  const shown = /** @type {HTMLOutputElement} */ (place.querySelector("output"));
  const first = shown.value; // the author's own way to write it, which a control may not know
  control.addEventListener("input", () => (shown.value = control.value));
  const fill = (/** @type {string | undefined} */ value) => {
    shown.value = value ?? first;
    control.value = value === undefined ? control.defaultValue : value;
  };
  return { value: () => shown.value, fill };
}

/** @param {HTMLElement} place @param {Schema} schema @returns {Reading} */
function date(place, schema) {
  const control = controlIn(place);
  const whole = (/** @type {string} */ text) => (schema.time ? text.replace("T", " ").padEnd(19, ":00").slice(0, 19) : text);
  return {
    value: () => (control.value ? whole(control.value) : undefined),
    fill: (value) => (control.value = value?.replace(" ", "T") ?? control.defaultValue),
    wrong: () => (control.validity.badInput ? say("field.part-of-date", { title: schema.title }) : null),
  };
}

/** @param {HTMLElement} place @param {Schema} schema @returns {Reading} */
function json(place, schema) {
  const control = controlIn(place);
  return {
    value: () => (control.value.trim() ? JSON.parse(control.value) : undefined),
    fill: (value) => (control.value = value === undefined ? control.defaultValue : JSON.stringify(value, null, 2)),
    wrong: () => {
      try {
        if (control.value.trim()) JSON.parse(control.value);
        return null;
      } catch (error) {
        return say("field.not-json", { title: schema.title, problem: error instanceof Error ? error.message : String(error) });
      }
    },
  };
}

/** The next message, after those that were said already. @param {HTMLElement} place @returns {Reading} */
function chat(place) {
  const control = controlIn(place);
  const list = /** @type {HTMLElement} */ (place.querySelector(".turns"));
  /** @type {Turn[]} */
  let before = [];
  const show = () => render(drawnTurns(before), list);
  return {
    value: () => {
      const turns = control.value.trim() ? [...before, { role: "user", content: control.value }] : before;
      return turns.length ? turns : undefined;
    },
    // The last thing that the visitor said stands where it can be said differently.
    fill: (value) => {
      const turns = value ?? [];
      const last = turns.at(-1)?.role === "user" ? turns.at(-1) : null;
      before = last ? turns.slice(0, -1) : turns;
      control.value = last?.content ?? "";
      show();
    },
  };
}
