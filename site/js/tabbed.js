// A table as text, as spreadsheets copy it and people type it.

/**
 * @typedef {string | number | null} Cell
 * @typedef {{headers: Cell[], data: Cell[][]}} Table
 * @typedef {string[][]} Rows as they stand in cells, all of one length; the first names the columns
 */

const NUMBER = /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i;
// A line goes on beyond its end within quotes, where they stand around a whole cell.
const LINES = /(?:(?<=^|[\t\n;,])"(?:[^"]|"")*"(?=[\t\n;,]|$)|[^\n])+|(?<=\n)(?=\n)/g;

/** Lines → cells. A spreadsheet quotes a cell that has tabs, quotes or lines in it. @param {string} text @returns {Rows} */
export function rowsOf(text) {
  const lines = [...text.replaceAll("\r", "").replace(/\n+$/, "").matchAll(LINES)].map(([each]) => each);
  const columns = lines.length ? parted(lines[0], /[;,]/).length : 1;
  return even(lines.map((each) => parted(each, columns > 1 ? /[;,]/ : /\t/)));
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

/** Rows of one length, as long as the longest. @param {Rows} rows @returns {Rows} */
export function even(rows) {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...Array(width - row.length).fill("")]);
}

/** The table that rows say; undefined where they say nothing. @param {Rows} rows @returns {Table | undefined} */
export function tableOf([first = [], ...rest]) {
  const last = rest.findLastIndex((row) => row.some(Boolean));
  const headers = first.map((name, at) => name || String(at + 1));
  if (last >= 0 || first.some(Boolean)) return { headers, data: rest.slice(0, last + 1).map((row) => row.map(cell)) };
}

/** @param {string} text @returns {Cell} */
function cell(text) {
  return text === "" ? null : NUMBER.test(text) ? Number(text) : text;
}

/** Rows as text, quoted where it has to be. @param {Rows} rows */
export function textOf(rows) {
  const quoted = (/** @type {string} */ each) => (/[\t\n"]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each);
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}
