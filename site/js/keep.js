// What a visitor keeps of an answer: a row of quiet buttons beneath each drawing, to copy it and to have it as a file.

import { html, useRef, useState } from "../vendor/preact-htm.js";
import { fileWords } from "./contract.js";
import { address, gone, nameOf, stem } from "./given.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {string | number | boolean | null | undefined | object} Cell
 * @typedef {object} Keepable what can be kept of a drawing, and how it is called
 * @property {string} title
 * @property {() => string} [text] what is copied, where it is words
 * @property {() => Promise<Blob>} [picture] what is copied, where it is a picture: as PNG
 * @property {[string, () => string]} [made] a file's ending, and what is in it
 * @property {FileDescription | null} [file] the file that the answer is
 * @property {string} [files] where it is below
 */

const HEARD = 30_000; // milliseconds that a word such as "Copied" stands

/** @type {Record<string, string>} */
const MEDIA = { csv: "text/csv", json: "application/json", html: "text/html", txt: "text/plain", md: "text/markdown" };

/** The row beneath a drawing. @param {Keepable} keepable */
export function kept(keepable) {
  return html`<${Keep} ...${keepable} />`;
}

/** @param {Keepable} keepable */
function Keep({ title, text, picture, made, file, files = "" }) {
  const [told, tell] = useState("");
  const over = useRef(0); // the timer that ends what is told
  const source = address(file, files);
  const trying = async (/** @type {() => Promise<unknown>} */ doing, /** @type {string} */ done, /** @type {string} */ failed) => {
    clearTimeout(over.current);
    tell(""); // what is said twice is heard twice
    tell(await doing().then(() => done, () => failed));
    over.current = setTimeout(() => tell(""), HEARD);
  };
  const copy = () => trying(() => copied(text, picture), say("drawing.copied"), say("drawing.uncopied"));
  const copies = navigator.clipboard && (text || (picture && window.ClipboardItem));
  if (file && !source) return gone(file);
  const fetched = (/** @type {Event} */ event) => {
    if (!file || !source || source.startsWith("blob:")) return; // the browser has it already
    event.preventDefault();
    trying(() => fetchInto(source, nameOf(title, file)), say("drawing.downloaded"), say("drawing.not-fetched"));
  };
  const own = () => made && save(new Blob([made[1]()], { type: `${MEDIA[made[0]]};charset=utf-8` }), `${stem(title)}.${made[0]}`);
  const named = (/** @type {string} */ verb) => `${verb}: ${title}`;
  const [verb, download] = [say("drawing.copy"), file ? say("drawing.download-file", { about: fileWords(file) }) : say("drawing.download")];
  return html`<div class="keep">
    ${copies && html`<button type="button" aria-label=${named(verb)} onClick=${copy}>${verb}</button>`}
    ${made && html`<button type="button" aria-label=${named(download)} onClick=${own}>${download}</button>`}
    ${file && source && html`<a href=${source} download=${nameOf(title, file)} target="_blank" rel="noopener" aria-label=${named(download)} onClick=${fetched}>${download}</a>`}
    <span role="status">${told}</span></div>`;
}

/** @param {Keepable["text"]} text @param {Keepable["picture"]} picture */
async function copied(text, picture) {
  if (text) return navigator.clipboard.writeText(text());
  if (picture) await navigator.clipboard.write([new ClipboardItem({ "image/png": picture() })]);
}

/** A file of another origin has no name of ours, unless this page saves it itself. @param {string} source @param {string} name */
async function fetchInto(source, name) {
  const response = await fetch(source, { credentials: "omit" });
  if (!response.ok) throw new Error(`${source}: ${response.status}`);
  save(await response.blob(), name);
}

/** @param {Blob} content @param {string} name */
function save(content, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Pictures above each other, as one PNG. @param {string[]} sources the lowest first, which gives the size */
export async function asPng(...sources) {
  const images = await Promise.all(sources.map(loaded));
  const { naturalWidth: width, naturalHeight: height } = images[0];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  for (const image of images) canvas.getContext("2d")?.drawImage(image, 0, 0, width, height);
  return png(canvas);
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
export function png(canvas) {
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("No picture."))), "image/png"));
}

/** A picture whose pixels may be read. @param {string} source */
export async function loaded(source) {
  const image = Object.assign(new Image(), { crossOrigin: "anonymous", src: source });
  await image.decode();
  return image;
}

/** A table as a spreadsheet pastes it. @param {Cell[]} headers @param {Cell[][]} rows */
export function tsv(headers, rows) {
  return [headers, ...rows].map((row) => row.map((each) => inOneCell(each, /["\t\r\n]/)).join("\t")).join("\n");
}

/** A table as a file that spreadsheets open, in any script (RFC 4180, with a mark for UTF-8). @param {Cell[]} headers @param {Cell[][]} rows */
export function csv(headers, rows) {
  return `\ufeff${[headers, ...rows].map((row) => row.map((each) => inOneCell(each, /[",\r\n]/)).join(",")).join("\r\n")}\r\n`;
}

/** A spreadsheet runs what begins like a formula, unless a quotation mark stands before it. @param {Cell} cell @param {RegExp} quoted */
function inOneCell(cell, quoted) {
  const text = words(cell);
  const safe = typeof cell === "string" && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return quoted.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What a table's cell says. @param {Cell} cell */
export function words(cell) {
  return typeof cell === "object" && cell ? JSON.stringify(cell) : String(cell ?? "");
}
