// What a model may answer with, each kind as it is read best. What a Space says is text: never markup, never an address.

import { html } from "../vendor/preact-htm.js";
import { fileWords } from "./contract.js";
import { drawnTurns } from "./turns.js";
import { label } from "./view.js";

/**
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./view.js").Draw} Draw
 */

const ROWS = 200; // of a table: more are for a spreadsheet
const SHORT = 80; // characters that may be large

/** A prediction of any kind, or several, each under its title. @type {Draw} */
export function drawing(schema, prediction, files) {
  const parts = Object.entries(schema.properties ?? {});
  if (schema.kind || !parts.length) return one(schema, prediction, files);
  return html`${parts.map(([name, part]) => html`<section class="part" key=${name}><h3>${part.title ?? name}</h3>
    ${one(part, prediction?.[name], files)}</section>`)}`;
}

/** @type {Draw} */
function one(schema, value, files) {
  if (schema.kind === "label") return label(schema, value, files);
  if (value === null || value === undefined || value === "") return html`<p class="quiet">Nothing.</p>`;
  return (DRAWINGS[schema.kind] ?? json)(schema, value, files);
}

/** @type {Record<string, Draw>} */
const DRAWINGS = {
  text: words, markdown: words, date: words, number: words, html: markup, code, color,
  checkbox: (_, value) => html`<p class="said">${value ? "Yes" : "No"}</p>`,
  choice: (schema, value) => words(schema, [value].flat().join(", ") || "Nothing.", ""),
  choices: (_, values) => (values.length ? html`<ul>${values.map((/** @type {any} */ each) => html`<li>${String(each)}</li>`)}</ul>` : html`<p>None.</p>`),
  image: (schema, file, files) => picture(file, files, schema.title ?? "The answer"),
  audio: (schema, file, files) => played("audio", schema, file, files),
  video: (schema, file, files) => played("video", schema, file, files),
  file: (_, file, files) => download(file, files),
  model3d: (_, file, files) => download(file, files),
  files: (_, several, files) => html`<ul>${several.map((/** @type {any} */ file) => html`<li>${download(file, files)}</li>`)}</ul>`,
  gallery, table, json, highlighted, annotated, plot, chat, message,
};

/** @type {Draw} */
function words(_, value) {
  const text = String(value);
  return html`<p class=${text.length <= SHORT && !text.includes("\n") ? "said" : "text"}>${text}</p>`;
}

/** Drawn in a page of its own that can run and reach nothing; its words stand beneath. @type {Draw} */
function markup(schema, value) {
  const page = new DOMParser().parseFromString(value, "text/html");
  for (const unread of page.querySelectorAll("script, style, template")) unread.remove();
  const text = page.body.textContent?.trim();
  return html`<iframe sandbox="" srcdoc=${value} title=${schema.title ?? "The answer"}></iframe>
    ${text && html`<details><summary>Its words</summary><p class="text">${text}</p></details>`}`;
}

/** @type {Draw} */
function code(schema, value) {
  return html`<pre tabindex="0" role="region" aria-label=${schema.title ?? "Code"}><code>${value}</code></pre>`;
}

/** @type {Draw} */
function json(schema, value) {
  return code({ title: "JSON", ...schema }, JSON.stringify(value, null, 2), "");
}

/** @type {Draw} */
function color(_, value) {
  const plain = /^(#[0-9a-f]{3,8}|rgba?\([\d\s.,%]+\)|[a-z]+)$/i.test(value);
  return html`<p class="said">${plain && html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill=${value} /></svg>`} ${value}</p>`;
}

/** Where a file is to be had: below the bridge or among the examples, and nowhere else. @param {FileDescription | null} file @param {string} files */
function address(file, files) {
  const place = file?.file ?? "";
  return /^(v1\/files|examples)\/[\w-][\w.-]*$/.test(place) ? files + place : null;
}

/** @param {FileDescription | null} file @param {string} files @param {string} name */
function picture(file, files, name) {
  const source = address(file, files);
  if (!file || !source || !file.media.startsWith("image/")) return download(file, files);
  return html`<div class="picture"><img src=${source} alt=${name} /></div><p class="quiet">${download(file, files)}</p>`;
}

/** @param {"audio" | "video"} tag @param {Schema} schema @param {FileDescription} file @param {string} files */
function played(tag, schema, file, files) {
  const source = address(file, files);
  if (!source) return download(file, files);
  return html`<${tag} controls src=${source} aria-label=${schema.title ?? "The answer"}></${tag}>
    <p class="quiet">${download(file, files)}</p>`;
}

/** @param {FileDescription | null} file @param {string} files */
function download(file, files) {
  if (!file) return html`<span class="quiet">Nothing.</span>`;
  const source = address(file, files);
  if (!source) return html`<span>${fileWords(file)}, which is not kept any more</span>`;
  return html`<a href=${source} download target="_blank" rel="noopener">Download (${fileWords(file)})</a>`;
}

/** @type {Draw} */
function gallery(schema, shown, files) {
  if (!shown.length) return html`<p>Empty.</p>`;
  return html`<ul class="gallery">${shown.map((/** @type {any} */ { media, caption }, /** @type {number} */ at) => {
    const name = caption || `${schema.title ?? "Picture"} ${at + 1}`;
    const drawn = media?.media.startsWith("video/") ? played("video", { title: name }, media, files) : picture(media, files, name);
    return html`<li><figure>${drawn}${caption && html`<figcaption>${caption}</figcaption>`}</figure></li>`;
  })}</ul>`;
}

/** @type {Draw} */
function table(schema, { headers, data }) {
  const cell = (/** @type {any} */ value) => (typeof value === "object" && value ? JSON.stringify(value) : String(value ?? ""));
  const rows = data.slice(0, ROWS);
  return html`<div class="scrolls" tabindex="0" role="region" aria-label=${schema.title ?? "Table"}><table>
    <thead><tr>${headers.map((/** @type {any} */ each) => html`<th scope="col">${cell(each)}</th>`)}</tr></thead>
    <tbody>${rows.map((/** @type {any[]} */ row) => html`<tr>${row.map((each) =>
      html`<td class=${typeof each === "number" ? "number" : ""}>${cell(each)}</td>`)}</tr>`)}</tbody></table></div>
    ${data.length > ROWS && html`<p class="quiet">The first ${ROWS} of ${data.length} rows.</p>`}`;
}

/** @type {Draw} */
function highlighted(_, parts) {
  return html`<p class="text">${parts.map((/** @type {any} */ { text, label }) =>
    (label === null || label === undefined ? text : html`<mark>${text} <small>${String(label)}</small></mark>`))}</p>`;
}

/** The picture, and over it what was found; each can be taken off. @type {Draw} */
function annotated(schema, { image, annotations }, files) {
  const seen = (/** @type {Event} */ event, /** @type {number} */ at) => {
    const control = /** @type {HTMLInputElement} */ (event.target);
    const mask = control.closest(".annotated")?.querySelectorAll(".mask")[at];
    mask?.toggleAttribute("hidden", !control.checked);
  };
  return html`<div class="annotated"><div class="picture"><img src=${address(image, files)} alt=${schema.title ?? "The answer"} />
    ${annotations.map((/** @type {any} */ { mask }) => html`<img class="mask" src=${address(mask, files)} alt="" />`)}</div>
    <ul class="legend">${annotations.map((/** @type {any} */ { label }, /** @type {number} */ at) => html`
      <li><label><input type="checkbox" checked onChange=${(/** @type {Event} */ event) => seen(event, at)} /> ${label}</label></li>`)}</ul></div>`;
}

/** A picture, or what its own library would draw it from. @type {Draw} */
function plot(schema, value, files) {
  if (value.image) return picture(value.image, files, schema.title ?? "Plot");
  const whole = typeof value.plot === "string" ? value.plot : JSON.stringify(value.plot ?? value, null, 2);
  return html`<p>A plot of the kind ${value.type}, which this page does not draw. ${" "}
    <a download="plot.json" href=${`data:application/json;charset=utf-8,${encodeURIComponent(whole)}`}>Download it as JSON</a></p>
    <details><summary>Its JSON</summary>${code({ title: "The plot’s JSON" }, whole, "")}</details>`;
}

/** @type {Draw} */
function chat(_, turns) {
  return turns.length ? html`<ol class="turns">${drawnTurns(turns)}</ol>` : html`<p class="quiet">Nothing said yet.</p>`;
}

/** @type {Draw} */
function message(_, { text, files: several = [] }, files) {
  return html`${text ? html`<p class="text">${text}</p>` : ""}
    ${several.length > 0 && html`<ul class="gallery">${several.map((/** @type {any} */ file) => html`<li>${picture(file, files, "Beside the text")}</li>`)}</ul>`}`;
}
