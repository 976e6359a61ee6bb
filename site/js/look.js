// "What it looked at": the photo that was asked about, darker where the model's map of a label is low.

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { VEIL, veil } from "./heat.js";
import { say } from "./words.js";

/** @typedef {import("./heat.js").Looked} Looked */

const STRENGTH = 0.7; // at first

/**
 * The photo under its veil, with the label that it is for and how dark it is.
 * @param {{photo: Blob, looked: Looked, label: string, words: Record<string, string>}} about
 */
export function Look({ photo, looked, label, words }) {
  const [chosen, choose] = useState(label);
  const [strength, set] = useState(STRENGTH);
  const [address, place] = useState("");
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const url = URL.createObjectURL(photo);
    place(url);
    return () => URL.revokeObjectURL(url);
  }, [photo]);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context || !canvas.current) return;
    veil(context, looked, chosen);
    canvas.current.style.opacity = String(strength);
  }, [looked, chosen, strength]);
  const labelled = (/** @type {Event} */ event) => choose(/** @type {HTMLSelectElement} */ (event.target).value);
  const dimmed = (/** @type {Event} */ event) => set(/** @type {HTMLInputElement} */ (event.target).valueAsNumber);
  return html`<figure class="look">
    <div class="veiled">${address && html`<img src=${address} alt=${say("look.picture", { label: words[chosen] ?? chosen })} />`}
      <canvas ref=${canvas} width=${VEIL} height=${VEIL} aria-hidden="true"></canvas></div>
    <label>${say("look.for")} <select onChange=${labelled}>${looked.labels.map((each) => html`<option value=${each} selected=${each === chosen}>${words[each] ?? each}</option>`)}</select></label>
    <label>${say("look.strength")} <input type="range" min="0" max="1" step="0.05" value=${strength} onInput=${dimmed} /></label>
    <figcaption class="quiet">${say("look.about")}</figcaption>
  </figure>`;
}
