// The status page: asks the bridge how each demo is right now.

import { say } from "./words.js";

/**
 * Fill the cells of the column "Now".
 * @param {HTMLElement} main
 * @param {AbortSignal} leaving
 */
export function askAll(main, leaving) {
  for (const cell of main.querySelectorAll("[data-live]")) {
    if (cell instanceof HTMLElement) askOne(`${main.dataset.bridge}/v1/demos/${cell.dataset.live}`, cell, leaving);
  }
}

/** @param {string} address @param {HTMLElement} cell @param {AbortSignal} leaving */
async function askOne(address, cell, leaving) {
  const said = await fetch(address, { credentials: "omit", signal: AbortSignal.any([leaving, AbortSignal.timeout(35_000)]) })
    .then((response) => response.json())
    .catch(() => ({ detail: say("now.no-server") }));
  if (leaving.aborted) return;
  const { ready = false, detail = said.detail } = said.status ?? {};
  cell.dataset.ready = String(ready);
  cell.querySelector(".sign")?.replaceChildren(ready ? "✓" : "✕");
  cell.querySelector(".words")?.replaceChildren(ready ? say("now.answers") : say("now.silent"));
  cell.querySelector(".quiet")?.replaceChildren(ready || !detail ? "" : String(detail));
}
