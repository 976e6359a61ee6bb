// Several pictures: one large, and all of them in a strip to choose from; and the files beside a message.

import { html, useState } from "../vendor/preact-htm.js";
import { address, picture, played } from "./given.js";
import { asPng, kept } from "./keep.js";
import { say } from "./words.js";

/** @typedef {{media: import("./contract.js").FileDescription | null, caption?: string | null}} Shown */

let galleries = 0; // each has radios of its own

/** @type {import("./view.js").Draw} */
export function draw({ kind, title }, value, files) {
  const shown = kind === "message" ? (value.files ?? []).map((/** @type {any} */ media) => ({ media })) : value;
  const words = kind === "message" && value.text;
  return html`${words && html`<p class="text" dir="auto">${words}</p>${kept({ title, text: () => words, made: ["txt", () => words] })}`}
    ${shown.length > 0 && html`<${Gallery} title=${kind === "message" ? say("drawing.beside") : title} shown=${shown} files=${files} />`}
    ${!shown.length && !words && html`<p>${say("drawing.empty")}</p>`}`;
}

/** @param {{title: string, shown: Shown[], files: string}} gallery */
function Gallery({ title, shown, files }) {
  const [at, show] = useState(0);
  const [group] = useState(`gallery-${++galleries}`);
  const nth = Math.min(at, shown.length - 1);
  const nameOf = (/** @type {number} */ nth) => shown[nth].caption || (shown.length > 1 ? say("drawing.numbered", { title, number: nth + 1 }) : title);
  const { media, caption } = shown[nth];
  return html`<figure class="gallery" aria-live="off">${large(media, files, nameOf(nth))}${caption && html`<figcaption dir="auto">${caption}</figcaption>`}</figure>
    ${kept({ title: nameOf(nth), file: media, files, picture: copyable(media, files) })}
    ${shown.length > 1 && html`<fieldset class="strip"><legend class="unseen">${title}</legend>${shown.map(({ media: each }, nth) => html`
      <label><input type="radio" name=${group} checked=${nth === at} onChange=${() => show(nth)} aria-label=${nameOf(nth)} />
        ${thumb(each, files)}</label>`)}</fieldset>`}`;
}

/** @param {Shown["media"]} media @param {string} files @param {string} name */
function large(media, files, name) {
  return media?.media.startsWith("video/") ? played("video", media, files, name) : picture(media, files, name);
}

/** @param {Shown["media"]} media @param {string} files */
function thumb(media, files) {
  const source = address(media, files);
  if (source && media?.media.startsWith("image/")) return html`<img src=${source} alt="" loading="lazy" />`;
  return html`<span class="thumb" aria-hidden="true">${media?.media.startsWith("video/") ? "▶" : "▤"}</span>`;
}

/** @param {Shown["media"]} media @param {string} files */
function copyable(media, files) {
  const source = address(media, files);
  return source && media?.media.startsWith("image/") ? () => asPng(source) : undefined;
}
