// The keys: arrows and j, k go; space, d and digits mark; u takes back.

/**
 * @typedef {object} Doing
 * @property {() => void} keep
 * @property {() => void} delete
 * @property {(digit: number) => void} label counted from 0
 * @property {() => void} other
 * @property {() => void} undo
 * @property {() => void} enlarge
 * @property {() => void} find
 * @property {() => void} help
 */

/**
 * @param {import("./clean_grid.js").Grid<any>} grid
 * @param {HTMLInputElement} letters whether letters and digits are keys
 * @param {Doing} doing
 */
export function listen(grid, letters, doing) {
  /** @type {Record<string, () => void>} */
  const going = {
    ArrowLeft: () => grid.move(-1),
    ArrowRight: () => grid.move(1),
    ArrowUp: () => grid.move(-grid.columns),
    ArrowDown: () => grid.move(grid.columns),
    PageUp: () => grid.move(-grid.columns * grid.page),
    PageDown: () => grid.move(grid.columns * grid.page),
    Home: () => grid.go(0),
    End: () => grid.go(Infinity),
  };
  /** @type {Record<string, () => void>} */
  const steps = { k: going.ArrowLeft, j: going.ArrowRight };
  /** @type {Record<string, () => void>} that decide, once for each press */
  const once = { d: doing.delete, u: doing.undo, l: doing.other, "/": doing.find, "?": doing.help };

  document.addEventListener("keydown", (event) => {
    const { key, target, repeat } = event;
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
    const writes = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (writes) {
      if (key === "Escape") grid.box.focus();
      return;
    }
    const among = target === grid.box;
    const free = among || target === document.body;
    const act = event.ctrlKey
      ? key === "z" && doing.undo
      : (free && (going[key] ?? { " ": doing.keep, Enter: doing.enlarge }[key])) ||
        (key === "Delete" && doing.delete) ||
        (letters.checked && (steps[key] ?? once[key] ?? digit(key)));
    if (!act) return;
    event.preventDefault();
    // Whoever holds a key down walks on; nobody marks a hundred photos by leaning on one.
    if (repeat && !(key in going) && !(key in steps)) return;
    act();
  });

  /** @param {string} key */
  function digit(key) {
    return /^\d$/.test(key) && (() => doing.label((Number(key) + 9) % 10));
  }
}
