// What a model marked: in a text, or over a picture. Each kind of mark has a colour, its name beside it, and a place in a legend that takes it off.

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { address } from "./given.js";
import { asPng, kept, loaded } from "./keep.js";
import { say } from "./words.js";

/** @typedef {{title: string, text: string, label: string | number | null}} Part */

const TONES = 8; // colours that can be told apart
const LOOKED_AT = 240; // pixels a side in which a mask's colour and place are found

/** @type {import("./view.js").Draw} */
export function draw({ kind, title }, value, files) {
  return kind === "annotated" ? html`<${Annotated} title=${title} ...${value} files=${files} />` : html`<${Highlighted} title=${title} parts=${value} />`;
}

/** Which marks are taken off, and a legend to do so. @param {string[]} names @param {(name: string) => unknown} [sample] @param {(name: string | null) => void} [look] */
function useLegend(names, sample = () => "", look = () => {}) {
  const [off, turn] = useState(/** @type {string[]} */ ([]));
  const toggle = (/** @type {string} */ name) => turn(off.includes(name) ? off.filter((each) => each !== name) : [...off, name]);
  const legend = html`<ul class="legend">${names.map((name) => html`<li onMouseEnter=${() => look(name)} onMouseLeave=${() => look(null)}>
    <label><input type="checkbox" checked=${!off.includes(name)} onChange=${() => toggle(name)} onFocus=${() => look(name)} onBlur=${() => look(null)} />
      ${sample(name)}<span dir="auto">${name}</span></label></li>`)}</ul>`;
  return { off, legend };
}

/** @param {{title: string, parts: Part[]}} highlighted */
function Highlighted({ title, parts }) {
  const names = [...new Set(parts.map(({ label }) => kindOf(label)).filter((name) => name !== null))];
  const tone = (/** @type {string} */ name) => names.indexOf(name) % TONES;
  const { off, legend } = useLegend(names, (name) => html`<span class="tone" data-tone=${tone(name)} aria-hidden="true"></span>`);
  const words = () => parts.map(({ text }) => text).join("");
  return html`<p class="text" dir="auto" aria-live="off">${parts.map(({ text, label }) => {
    const name = kindOf(label);
    return name === null || off.includes(name) ? text : html`<mark data-tone=${tone(name)}>${text} <small>${typeof label === "number" ? rounded(label) : name}</small></mark>`;
  })}</p>${names.length > 0 && legend}
    ${kept({ title, text: words, made: ["json", () => JSON.stringify(parts, null, 2)] })}`;
}

/** A number marks how much a word speaks for something, or against it. @param {Part["label"]} label */
function kindOf(label) {
  if (label === null || label === undefined || label === "" || label === 0) return null;
  return typeof label === "number" ? say(label > 0 ? "drawing.for" : "drawing.against") : String(label);
}

/** @param {number} score */
function rounded(score) {
  return String(Math.round(score * 100) / 100);
}

/**
 * A picture, and over it what was found: Gradio gives masks and boxes alike as pictures of the same size.
 * @param {{title: string, image: any, annotations: {label: string, mask: any}[], files: string}} annotated
 */
function Annotated({ title, image, annotations, files }) {
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  const [seen, see] = useState(/** @type {(Mask | null)[]} */ ([]));
  const [looked, look] = useState(/** @type {string | null} */ (null));
  const [pointed, point] = useState(/** @type {string | null} */ (null));
  const names = [...new Set(annotations.map(({ label }) => label))];
  const alike = names.length > 1 && new Set(seen.flatMap((mask) => mask?.color ?? [])).size === 1;
  // Until it is told otherwise, Gradio paints every mask in the same red.
  const turned = (/** @type {string} */ name) => (alike ? `hue-rotate(${Math.round((names.indexOf(name) * 360) / names.length)}deg)` : "");
  const tinted = (/** @type {string} */ name) => (/** @type {HTMLElement | SVGElement | null} */ element) => element && (element.style.filter = turned(name));
  const { off, legend } = useLegend(names, (name) => html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true" ref=${tinted(name)}>
    <rect width="1" height="1" fill=${seen[annotations.findIndex(({ label }) => label === name)]?.color ?? "none"} /></svg>`, look);
  const sources = annotations.map(({ mask }) => address(mask, files));
  useEffect(() => {
    Promise.all(sources.map((source) => source && maskOf(source).catch(() => null))).then((masks) => see(masks.map((mask) => mask || null)));
  }, sources);
  const [base, shown] = [address(image, files), pointed ?? looked];
  const over = (/** @type {PointerEvent} */ event) => point(annotations.findLast(({ label }, at) => !off.includes(label) && covers(seen[at], frame.current, event))?.label ?? null);
  const all = () => asPng(...[base, ...sources.filter((_, at) => !off.includes(annotations[at].label))].filter((source) => source !== null));
  return html`<div class="annotated" aria-live="off"><div class="picture" ref=${frame} onPointerMove=${over} onPointerLeave=${() => point(null)}>
    <img src=${base} alt=${title} />
    ${annotations.map(({ label }, at) => sources[at] && html`<img class="mask" src=${sources[at]} alt="" hidden=${off.includes(label)} data-dim=${shown !== null && shown !== label} ref=${tinted(label)} />`)}
    ${shown !== null && html`<span class="named" dir="auto" aria-hidden="true">${shown}</span>`}</div>
    ${names.length > 0 ? legend : html`<p class="quiet">${say("drawing.unmarked")}</p>`}</div>
    ${kept({ title, file: image, files, picture: base ? all : undefined })}`;
}

/** @typedef {{width: number, height: number, pixels: Uint8ClampedArray, ratio: number, color: string | null}} Mask as small as can be pointed at */

/** @param {string} source @returns {Promise<Mask>} */
async function maskOf(source) {
  const image = await loaded(source);
  const ratio = image.naturalWidth / image.naturalHeight;
  const [width, height] = ratio > 1 ? [LOOKED_AT, Math.ceil(LOOKED_AT / ratio)] : [Math.ceil(LOOKED_AT * ratio), LOOKED_AT];
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.drawImage(image, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  let strongest = -1;
  for (let at = 3; at < pixels.length; at += 4) if (pixels[at] > (pixels[strongest] ?? 0)) strongest = at;
  const color = strongest < 0 ? null : `rgb(${pixels[strongest - 3]}, ${pixels[strongest - 2]}, ${pixels[strongest - 1]})`;
  return { width, height, pixels, ratio, color };
}

/** Whether a mask is where the pointer is, in a frame that holds its picture whole. @param {Mask | null} mask @param {HTMLElement | null} frame @param {PointerEvent} event */
function covers(mask, frame, { clientX, clientY }) {
  if (!mask || !frame) return false;
  const { left, top, width, height } = frame.getBoundingClientRect();
  const wide = Math.min(width, height * mask.ratio);
  const tall = wide / mask.ratio;
  const x = Math.floor(((clientX - left - (width - wide) / 2) / wide) * mask.width);
  const y = Math.floor(((clientY - top - (height - tall) / 2) / tall) * mask.height);
  return x >= 0 && y >= 0 && x < mask.width && y < mask.height && mask.pixels[(y * mask.width + x) * 4 + 3] > 0;
}
