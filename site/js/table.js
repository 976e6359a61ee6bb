// The table's field: edited cell by cell, pasted from a spreadsheet, or written as text.

import { html, render } from "../vendor/preact-htm.js";
import { undoable } from "./form.js";
import { even, rowsOf, tableOf, textOf } from "./tabbed.js";
import { say } from "./words.js";

/** @typedef {import("./tabbed.js").Rows} Rows */

const SHOWN = 100; // rows that stand in cells: of more, all are there as text

/**
 * @param {HTMLElement} place
 * @returns {import("./form.js").Field}
 */
export function tableField(place) {
  const control = /** @type {HTMLTextAreaElement} */ (place.querySelector("textarea"));
  const grid = /** @type {HTMLElement} */ (place.querySelector(".cells"));
  const clear = /** @type {HTMLButtonElement} */ (place.querySelector(".clear"));
  const discards = undoable(place, keep);
  const first = begun(rowsOf(control.defaultValue));
  let table = begun(rowsOf(control.value));
  let own = false; // something that a visitor put there

  /** What is sent; the columns' names that stood there already are no table yet. */
  function value() {
    const value = tableOf(table);
    return value?.data.length || (value && textOf([table[0]]) !== textOf([first[0]])) ? value : undefined;
  }

  /** @param {Rows} next @param {boolean} [written] it stands as text already */
  function show(next, written) {
    table = next;
    render(drawn(table, without), grid);
    clear.hidden = !value();
    if (!written) control.value = table.flat().some(Boolean) ? textOf(table.slice(0, (tableOf(table)?.data.length ?? 0) + 1)) : "";
  }

  function keep() {
    const kept = table;
    return () => show(kept);
  }

  /** Something that was there is not any more. @param {Rows} next */
  function change(next) {
    discards();
    edit(next);
  }

  /** @param {Rows} next */
  function edit(next) {
    own = true;
    show(next);
    place.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {"row" | "column"} what @param {number} at */
  function without(what, at) {
    const left = (/** @type {any[]} */ all) => all.filter((_, each) => each !== at);
    change(begun(what === "row" ? left(table) : table.map(left)));
    stand(what === "row" ? Math.min(at, table.length - 1) : 0, what === "row" ? 0 : Math.min(at, table[0].length - 1));
  }

  /** @param {number} row @param {number} column @returns {HTMLInputElement | null} */
  const cellAt = (row, column) => grid.querySelector(`[data-row="${row}"][data-column="${column}"]`);

  /** Stand in a cell, if there is one. @param {number} row @param {number} column */
  function stand(row, column) {
    cellAt(row, column)?.focus();
    cellAt(row, column)?.select();
  }

  /** @param {Event} event @returns {[HTMLInputElement, number, number]} the cell where it happens, its row and column */
  function where({ target }) {
    const input = /** @type {HTMLInputElement} */ (target);
    return [input, Number(input.dataset.row), Number(input.dataset.column)];
  }

  grid.addEventListener("input", (event) => {
    const [input, row, column] = where(event);
    own = true;
    show(table.map((each, at) => (at === row ? each.with(column, input.value) : each)));
  });
  grid.addEventListener("keydown", (event) => {
    const [input, row, column] = where(event);
    if (!input.matches("input") || event.isComposing) return;
    if (event.key === "Enter" && row === table.length - 1) edit([...table, table[0].map(() => "")]);
    const [down, aside] = step(event, input);
    if (event.key !== "Enter" && !cellAt(row + down, column + aside)) return;
    if (!down && !aside) return;
    event.preventDefault();
    stand(row + down, column + aside);
  });
  grid.addEventListener("paste", (event) => {
    const [input, row, column] = where(event);
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!input.matches("input") || !/[\t\n]/.test(text.trim())) return; // one cell's is the browser's to paste
    event.preventDefault();
    change(pasted(table, rowsOf(text), row, column));
    stand(row, column);
  });
  control.addEventListener("input", () => {
    own = true;
    show(begun(rowsOf(control.value)), true);
  });
  place.querySelector(".add-row")?.addEventListener("click", () => {
    edit([...table, table[0].map(() => "")]);
    stand(table.length - 1, 0);
  });
  place.querySelector(".add-column")?.addEventListener("click", () => {
    edit(table.map((row) => [...row, ""]));
    stand(0, table[0].length - 1);
  });
  clear.addEventListener("click", () => {
    change(begun([first[0]]));
    stand(1, 0);
  });
  show(table);

  return {
    value,
    parts: async () => (value() ? [{ content: JSON.stringify(value()) }] : []),
    fill: (filled) => {
      if (own) discards();
      own = false;
      const words = (/** @type {any[]} */ row) => row.map((each) => String(each ?? ""));
      show(filled ? begun(even([filled.headers, ...filled.data].map(words))) : first);
    },
    keep,
    settled: () => Promise.resolve(),
  };
}

/** A table that one can write in: it has a column and a row. @param {Rows} rows @returns {Rows} */
function begun(rows) {
  const head = rows[0]?.length ? rows[0] : ["", ""];
  return rows.length > 1 && rows[0].length ? rows : [head, head.map(() => "")];
}

/** Where a key leads from a cell: so many rows down, so many columns on. @param {KeyboardEvent} event @param {HTMLInputElement} input @returns {[number, number]} */
function step({ key, shiftKey, altKey, ctrlKey, metaKey }, { selectionStart, selectionEnd, value, dir }) {
  const way = document.dir === "rtl" && dir !== "ltr" ? -1 : 1;
  const only = !shiftKey && !altKey && !ctrlKey && !metaKey && selectionStart === selectionEnd;
  if (key === "Enter" || key === "ArrowDown") return [1, 0];
  if (key === "ArrowUp") return [-1, 0];
  // Within its words, an arrow moves as everywhere.
  if (key === (way > 0 ? "ArrowRight" : "ArrowLeft") && only && selectionEnd === value.length) return [0, 1];
  if (key === (way > 0 ? "ArrowLeft" : "ArrowRight") && only && selectionStart === 0) return [0, -1];
  return [0, 0];
}

/**
 * The table with others' cells from `row` and `column` on; it grows where they need room.
 * @param {Rows} table @param {Rows} cells @param {number} row @param {number} column @returns {Rows}
 */
function pasted(table, cells, row, column) {
  // Names of columns that are there already are not pasted among the numbers.
  const named = row > 0 && cells.length > 1 && cells[0].every((name, at) => name !== "" && name === table[0][column + at]);
  const given = named ? cells.slice(1) : cells;
  const width = Math.max(table[0].length, column + (given[0]?.length ?? 0));
  const height = Math.max(table.length, row + given.length);
  const at = (/** @type {number} */ y, /** @type {number} */ x) => given[y - row]?.[x - column] ?? table[y]?.[x] ?? "";
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => at(y, x)));
}

/** @param {Rows} table @param {(what: "row" | "column", at: number) => void} without */
function drawn([headers, ...rows], without) {
  const name = (/** @type {number} */ column) => headers[column] || String(column + 1);
  const more = rows.length - SHOWN;
  /** @param {string} value @param {number} row @param {number} column @param {string} label */
  const input = (value, row, column, label) =>
    html`<input dir="auto" autocomplete="off" value=${value} aria-label=${label} data-row=${row} data-column=${column} />`;
  /** @param {"row" | "column"} what @param {number} at @param {string} label */
  const remove = (what, at, label) =>
    html`<button type="button" class="plain" aria-label=${label} onClick=${() => without(what, at)}>×</button>`;
  return html`<table>
    <thead><tr>${headers.map((value, column) => html`<th scope="col">${input(value, 0, column, say("field.column", { number: column + 1 }))}
      ${headers.length > 1 && remove("column", column, say("field.remove", { title: name(column) }))}</th>`)}<td></td></tr></thead>
    <tbody>${rows.slice(0, SHOWN).map((row, at) => html`<tr>${row.map((value, column) =>
      html`<td>${input(value, at + 1, column, say("field.cell", { column: name(column), row: at + 1 }))}</td>`)}
      <td>${remove("row", at + 1, say("field.remove-row", { row: at + 1 }))}</td></tr>`)}</tbody></table>
    ${more > 0 && html`<p class="quiet">${say("field.more-rows", { count: more })}</p>`}`;
}
