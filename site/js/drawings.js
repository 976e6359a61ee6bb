// What a model may answer with, each kind as it is read best. What a Space says is text: never markup, never an address.

import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { address, picture, played } from "./given.js";
import { asPng, kept, tsv } from "./keep.js";
import { label } from "./view.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./view.js").Draw} Draw
 */

const SHORT = 80; // characters that may be large

/** A prediction of any kind, or several, each under its title. @type {Draw} */
export function drawing(schema, prediction, files, steps, photos) {
  const parts = Object.entries(schema.properties ?? {});
  if (schema.kind || !parts.length) return one({ ...schema, level: 3 }, prediction, files, steps, photos);
  return html`${parts.map(([name, part]) => html`<section class="part" key=${name}><h3 dir="auto">${part.title ?? name}</h3>
    ${one(part, prediction?.[name], files, steps, photos)}</section>`)}`;
}

/** @type {Draw} */
function one(schema, value, files, steps, photos) {
  const titled = { ...schema, title: schema.title ?? say("drawing.answer") };
  if (schema.kind === "label") return html`${label(schema, value, files)}${value && keptLabel(titled, value)}`;
  if (value === null || value === undefined || value === "") return html`<p class="quiet">${say("answer.nothing")}</p>`;
  if (schema.kind in LATER) return html`<${Later} key=${schema.kind} kind=${schema.kind} drawn=${[titled, value, files, steps, photos]} />`;
  return (DRAWINGS[schema.kind] ?? json)(titled, value, files);
}

/** What not every answer needs is fetched when there is one that does. @type {Record<string, () => Promise<{draw: Draw}>>} */
const LATER = {
  annotated: () => import("./marks.js"),
  chat: () => import("./markdown.js"),
  gallery: () => import("./gallery.js"),
  highlighted: () => import("./marks.js"),
  html: () => import("./framed.js"),
  json: () => import("./tree.js"),
  markdown: () => import("./markdown.js"),
  message: () => import("./gallery.js"),
  model3d: () => import("./model3d.js"),
  plot: () => import("./framed.js"),
  several: () => import("./several.js"),
  table: () => import("./grid.js"),
};

/** @type {Map<string, Draw | null>} null for what did not arrive */
const arrived = new Map();

/** @param {string} kind */
async function fetched(kind) {
  if (arrived.get(kind)) return;
  arrived.set(kind, await LATER[kind]().then(({ draw }) => draw, () => null));
}

/** Fetch beforehand what an answer of this schema will be drawn by. @param {Schema} schema */
export async function prepare(schema) {
  const parts = [schema, ...Object.values(schema.properties ?? {})];
  await Promise.all(parts.filter(({ kind }) => kind in LATER).map(({ kind }) => fetched(kind)));
}

/** @param {{kind: string, drawn: Parameters<Draw>}} what */
function Later({ kind, drawn }) {
  const [, again] = useState(0);
  useEffect(() => void fetched(kind).then(() => again((count) => count + 1)), []);
  const draw = arrived.get(kind);
  if (draw) return draw(...drawn);
  if (draw === undefined) return html`<p class="quiet arriving">${say("drawing.arriving")}</p>`;
  return html`<p class="quiet">${say("drawing.missing")}</p>${json(drawn[0], drawn[1], "")}`;
}

/** @type {Record<string, Draw>} */
const DRAWINGS = {
  text, date: text, number: text, code, color, image, files: list,
  checkbox: (schema, value) => text(schema, say(value ? "drawing.yes" : "drawing.no"), ""),
  choice: (schema, value) => text(schema, [value].flat().join(", ") || say("answer.nothing"), ""),
  choices,
  audio: (schema, file, files) => html`${played("audio", file, files, schema.title)}${kept({ title: schema.title, file, files })}`,
  video: (schema, file, files) => html`${played("video", file, files, schema.title)}${kept({ title: schema.title, file, files })}`,
  file: (schema, file, files) => kept({ title: schema.title, file, files }),
};

/** @type {Draw} */
function text({ title }, value) {
  const words = String(value);
  return html`<p dir="auto" class=${words.length <= SHORT && !words.includes("\n") ? "said" : "text"}>${words}</p>
    ${kept({ title, text: () => words, made: ["txt", () => words] })}`;
}

/** @type {Draw} */
function choices({ title }, values) {
  const words = values.map(String);
  if (!words.length) return html`<p>${say("drawing.none")}</p>`;
  return html`<ul dir="auto">${words.map((/** @type {string} */ each) => html`<li>${each}</li>`)}</ul>
    ${kept({ title, text: () => words.join("\n"), made: ["txt", () => words.join("\n")] })}`;
}

/** @type {Draw} */
function code({ title }, value) {
  return html`<pre tabindex="0" role="region" aria-label=${title} dir="ltr"><code>${value}</code></pre>
    ${kept({ title, text: () => value, made: ["txt", () => value] })}`;
}

/** As plain as it came. @type {Draw} */
function json({ title }, value) {
  const words = JSON.stringify(value, null, 2);
  return html`<pre tabindex="0" role="region" aria-label=${title} dir="ltr"><code>${words}</code></pre>
    ${kept({ title, text: () => words, made: ["json", () => words] })}`;
}

/** @type {Draw} */
function color({ title }, value) {
  const plain = /^(#[0-9a-f]{3,8}|rgba?\([\d\s.,%]+\)|[a-z]+)$/i.test(value);
  return html`<p class="said" dir="ltr">${plain && html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill=${value} /></svg>`} ${value}</p>
    ${kept({ title, text: () => value, made: ["txt", () => value] })}`;
}

/** @type {Draw} */
function image({ title }, file, files) {
  const source = address(file, files);
  const drawn = picture(file, files, title);
  return html`${drawn}${kept({ title, file, files, picture: drawn && source ? () => asPng(source) : undefined })}`;
}

/** Several files, each to be had. @type {Draw} */
function list({ title }, several, files) {
  return html`<ul class="plain">${several.map((/** @type {FileDescription} */ file, /** @type {number} */ at) => html`<li>
    ${kept({ title: `${title} ${at + 1}`, file, files })}</li>`)}</ul>`;
}

/** How sure the model is of each label, to be kept. @param {Schema} schema @param {any} value */
function keptLabel({ title }, value) {
  const rows = (value.confidences ?? [{ label: value.label, confidence: null }]).map((/** @type {any} */ { label, confidence }) => [label, confidence]);
  return kept({ title, text: () => tsv([say("drawing.label"), say("drawing.confidence")], rows), made: ["json", () => JSON.stringify(value, null, 2)] });
}
