// A table to read: its columns sort, its head stays, and its rows come as many as one asks for.

import { html, useState } from "../vendor/preact-htm.js";
import { csv, kept, tsv, words } from "./keep.js";
import { say } from "./words.js";

/**
 * @typedef {import("./keep.js").Cell} Cell
 * @typedef {object} Grid
 * @property {string} title
 * @property {Cell[]} headers
 * @property {Cell[][]} rows what each cell says, and is sorted by
 * @property {(cell: Cell, row: number, column: number) => unknown} [drawn] how it is drawn, where that is more than words
 */

const ROWS = 200;
const CELLS = 2_000; // of a wide table, fewer rows at once
const COLUMNS = 100; // wider than that is for a spreadsheet

/** @type {import("./view.js").Draw} */
export function draw({ title }, { headers, data }) {
  return grid({ title, headers, rows: data });
}

/** A table, and what can be kept of it. @param {Grid} about */
export function grid(about) {
  return html`<${Rows} ...${about} />${keptRows(about)}`;
}

/** What can be kept of a table: as it is sorted by nobody. @param {Grid} about */
export function keptRows({ title, headers, rows }) {
  return kept({ title, text: () => tsv(headers, rows), made: ["csv", () => csv(headers, rows)] });
}

/** The table alone. @param {Grid} grid */
export function Rows({ title, headers, rows, drawn = shown }) {
  const width = Math.min(COLUMNS, Math.max(headers.length, rows[0]?.length ?? 0));
  const page = Math.min(ROWS, Math.ceil(CELLS / (width || 1)));
  const [pages, show] = useState(1);
  const most = pages * page;
  const [[column, way], sort] = useState([-1, 0]); // `way`: 1 up, -1 down
  const columns = Array.from({ length: width }, (_, at) => at);
  const numbers = columns.map((at) => rows.some((row) => typeof row[at] === "number") && rows.every((row) => typeof row[at] === "number" || empty(row[at])));
  const places = way ? sorted(rows, column, way) : rows.map((_, at) => at);
  const turn = (/** @type {number} */ at) => sort(at !== column || !way ? [at, 1] : way > 0 ? [at, -1] : [-1, 0]);
  const order = (/** @type {number} */ at) => (at !== column || !way ? "none" : way > 0 ? "ascending" : "descending");
  return html`<div class="scrolls grid" tabindex="0" role="region" aria-label=${title} aria-live="off"><table>
      <thead><tr>${columns.map((at) => html`<th scope="col" aria-sort=${order(at)} class=${numbers[at] ? "number" : ""}>
        <button type="button" onClick=${() => turn(at)}><bdi>${words(headers[at]) || at + 1}</bdi></button></th>`)}</tr></thead>
      <tbody>${places.slice(0, most).map((row) => html`<tr key=${row}>${columns.map((at) => html`<td class=${numbers[at] ? "number" : ""}>
        <bdi>${drawn(rows[row][at], row, at)}</bdi></td>`)}</tr>`)}</tbody></table></div>
    ${rows.length > most && html`<p class="quiet">${say("drawing.rows", { shown: most, count: rows.length })}${" "}
      <button type="button" class="more" onClick=${() => show(pages + 1)}>${say("drawing.more", { count: Math.min(page, rows.length - most) })}</button></p>`}
    ${headers.length > COLUMNS && html`<p class="quiet">${say("drawing.columns", { shown: COLUMNS, count: headers.length })}</p>`}`;
}

/** The rows' places, by one column: numbers before words, and what is empty last, whichever way. @param {Cell[][]} rows @param {number} column @param {number} way */
function sorted(rows, column, way) {
  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  return rows.map((_, at) => at).sort((one, other) => {
    const [a, b] = [rows[one][column], rows[other][column]];
    if (empty(a) || empty(b)) return Number(empty(a)) - Number(empty(b));
    if (typeof a === "number" && typeof b === "number") return way * (a - b);
    if (typeof a === "number" || typeof b === "number") return way * (typeof a === "number" ? -1 : 1);
    return way * compare(words(a), words(b));
  });
}

/** As exactly as one reads it; what is kept has every digit. @param {Cell} cell */
function shown(cell) {
  return typeof cell === "number" && !Number.isInteger(cell) ? String(Number(cell.toPrecision(6))) : words(cell);
}

/** @param {Cell} cell */
function empty(cell) {
  return cell === null || cell === undefined || cell === "";
}
