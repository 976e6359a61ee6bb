// The table's field: typed, or pasted from a spreadsheet, and shown as the table that will be sent.

import { html, render } from "../vendor/preact-htm.js";

/**
 * @typedef {string | number | null} Cell
 * @typedef {{headers: Cell[], data: Cell[][]}} Table
 */

const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;
// A line goes on beyond its end within quotes, where they stand around a whole cell.
const LINES = /(?:(?<=^|[\t\n;,])"(?:[^"]|"")*"(?=[\t\n;,]|$)|[^\n])+|(?<=\n)(?=\n)/g;
const SHOWN = 20; // rows of the preview: enough to see whether the columns are right

/**
 * @param {HTMLElement} place
 * @returns {import("./form.js").Field}
 */
export function tableField(place) {
  const control = /** @type {HTMLTextAreaElement} */ (place.querySelector("textarea"));
  const preview = /** @type {HTMLElement} */ (place.querySelector(".preview"));
  const table = () => (control.value.trim() ? tableOf(control.value) : undefined);
  // The columns' names that stood there already are no table yet.
  const value = () => (control.value === control.defaultValue && !table()?.data.length ? undefined : table());
  const show = () => render(drawn(table()), preview);
  control.addEventListener("input", show);
  show();
  return {
    value,
    parts: async () => (value() ? [{ content: JSON.stringify(value()) }] : []),
    fill: (table) => {
      control.value = table ? [table.headers, ...table.data].map(line).join("\n") : control.defaultValue;
      show();
    },
    settled: () => Promise.resolve(),
  };
}

/** What some text says as a table; its first row names the columns. @param {string} text @returns {Table} */
export function tableOf(text) {
  const [first, ...rest] = rows(text);
  const width = Math.max(first.length, ...rest.map((row) => row.length));
  const full = (/** @type {Cell[]} */ row) => [...row, ...Array(width - row.length).fill(null)];
  const headers = [...first, ...Array.from({ length: width - first.length }, (_, at) => String(first.length + at + 1))];
  return { headers, data: rest.map((row) => full(row.map(cell))) };
}

/** Lines → cells. A spreadsheet quotes a cell that has tabs, quotes or lines in it. @param {string} text @returns {string[][]} */
function rows(text) {
  const lines = [...text.replaceAll("\r", "").replace(/\n+$/, "").matchAll(LINES)].map(([each]) => each);
  const columns = lines.length ? parted(lines[0], /[;,]/).length : 1;
  return lines.map((each) => parted(each, columns > 1 ? /[;,]/ : /\t/));
}

/** @param {string} text one line @param {RegExp} typed what parts its cells where it has no tabs */
function parted(text, typed) {
  const mark = text.includes("\t") ? "\t" : (typed.exec(text)?.[0] ?? "\t");
  const cells = [];
  let at = 0;
  while (at <= text.length) {
    const quoted = /^"((?:[^"]|"")*)"(?=[\t;,]|$)/.exec(text.slice(at));
    const end = quoted ? at + quoted[0].length : text.indexOf(mark, at);
    const stop = end < 0 ? text.length : end;
    cells.push(quoted ? quoted[1].replaceAll('""', '"') : text.slice(at, stop).trim());
    at = stop + 1;
  }
  return cells;
}

/** @param {string} text @returns {Cell} */
function cell(text) {
  return text === "" ? null : NUMBER.test(text) ? Number(text) : text;
}

/** A row as text, quoted where it has to be. @param {Cell[]} row */
function line(row) {
  return row.map((each) => (/[\t\n"]/.test(String(each)) ? `"${String(each).replaceAll('"', '""')}"` : (each ?? ""))).join("\t");
}

/** @param {Table | undefined} table */
function drawn(table) {
  if (!table) return null;
  const more = table.data.length - SHOWN;
  return html`<table><caption>What will be sent: ${table.data.length} ${table.data.length === 1 ? "row" : "rows"}</caption>
    <thead><tr>${table.headers.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
    <tbody>${table.data.slice(0, SHOWN).map((row) => html`<tr>${row.map((each) =>
      html`<td class=${typeof each === "number" ? "number" : ""}>${each}</td>`)}</tr>`)}</tbody></table>
    ${more > 0 && html`<p class="quiet">and ${more} more</p>`}`;
}
