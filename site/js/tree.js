// JSON as a tree: what is deep is folded, and what is long comes in parts.

import { html, useState } from "../vendor/preact-htm.js";
import { kept } from "./keep.js";
import { say } from "./words.js";

const MANY = 100; // of a list, before one asks for more
const OPEN = 2; // levels that are not folded,
const SHORT = 20; // unless one of them is longer
const DEEPEST = 60; // a level more is words

/** @type {import("./view.js").Draw} */
export function draw({ title }, value) {
  const words = () => JSON.stringify(value, null, 2);
  return html`<div class="tree scrolls" tabindex="0" role="region" aria-label=${title} dir="ltr" aria-live="off"><${Branch} value=${value} depth=${0} /></div>
    ${kept({ title, text: words, made: ["json", words] })}`;
}

/** @param {{name?: string, value: any, depth: number}} branch */
function Branch({ name, value, depth }) {
  const [most, show] = useState(MANY);
  const [open, turn] = useState(depth < 1 || (depth < OPEN && Object.keys(value ?? "").length <= SHORT));
  const key = name === undefined ? "" : html`<span class="key">${JSON.stringify(name)}: </span>`;
  if (typeof value !== "object" || value === null || depth > DEEPEST) return html`<div class="leaf">${key}<span data-type=${typeof value}>${JSON.stringify(value)}</span></div>`;
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const count = entries.length;
  const summary = html`${key}${list ? "[" : "{"}<small>${count}</small>${list ? "]" : "}"}`;
  if (!count) return html`<div class="leaf">${summary}</div>`;
  return html`<details open=${open} onToggle=${(/** @type {Event} */ event) => turn(/** @type {HTMLDetailsElement} */ (event.currentTarget).open)}>
    <summary>${summary}</summary>
    ${open && entries.slice(0, most).map(([each, inside]) => html`<${Branch} key=${each} name=${list ? undefined : each} value=${inside} depth=${depth + 1} />`)}
    ${open && count > most && html`<button type="button" class="more" onClick=${() => show(most + MANY)}>${say("drawing.more", { count: Math.min(MANY, count - most) })}</button>`}
  </details>`;
}
