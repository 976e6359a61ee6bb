// What fields discarded, and their buttons “Undo” and “Redo”: fetched when something is discarded for the first time.

/**
 * @typedef {() => void} Back puts back what a field held
 * @typedef {{before: Back[], after: Back[], show: () => void}} History
 */

/** @type {WeakMap<HTMLElement, History>} */
const histories = new WeakMap();

/**
 * Offer to put back what a field held before its latest change.
 * @param {HTMLElement} place
 * @param {Back} back
 * @param {() => Back} keep keeps what it holds now
 */
export function offer(place, back, keep) {
  const history = histories.get(place) ?? begun(place, keep);
  history.before.push(back);
  history.after.length = 0;
  history.show();
}

/** @param {HTMLElement} place @param {() => Back} keep @returns {History} */
function begun(place, keep) {
  const undo = /** @type {HTMLElement | null} */ (place.querySelector(".undo"));
  const redo = /** @type {HTMLElement | null} */ (place.querySelector(".redo"));
  /** @type {History} */
  const history = { before: [], after: [], show };
  function show() {
    const gone = document.activeElement;
    if (undo) undo.hidden = !history.before.length;
    if (redo) redo.hidden = !history.after.length;
    // A button that has nothing left to do goes, and the keyboard from it to where the field begins.
    if (gone instanceof HTMLElement && gone.hidden) /** @type {HTMLElement} */ (place.querySelector("input, textarea")).focus();
  }
  const step = (/** @type {Back[]} */ from, /** @type {Back[]} */ to) => {
    to.push(keep());
    from.pop()?.();
    place.dispatchEvent(new Event("input", { bubbles: true }));
    show();
  };
  undo?.addEventListener("click", () => step(history.before, history.after));
  redo?.addEventListener("click", () => step(history.after, history.before));
  histories.set(place, history);
  return history;
}
