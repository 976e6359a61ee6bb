// Files that an answer names: where each is to be had, what it is called, and how it is shown or played.

import { html } from "../vendor/preact-htm.js";
import { fileWords } from "./contract.js";
import { say } from "./words.js";

/** @typedef {import("./contract.js").FileDescription} FileDescription */

const OF_A_BRIDGE = /^(v1\/files|examples)\/[\w-][\w.-]*$/;

/** @type {Record<string, string>} the endings of files whose media type does not say it */
const ENDINGS = { jpeg: "jpg", mpeg: "mp3", "x-wav": "wav", plain: "txt", quicktime: "mov", "svg+xml": "svg", "octet-stream": "bin", "gltf-binary": "glb" };

/** Where a file is to be had: below the bridge, among the examples or made by this page, and nowhere else. @param {FileDescription | null | undefined} file @param {string} files */
export function address(file, files) {
  const place = file?.file ?? "";
  if (place.startsWith(`blob:${location.origin}/`)) return place;
  return OF_A_BRIDGE.test(place) ? files + place : null;
}

/** What a visitor's own copy is called: after the answer's title, with the ending that the Space gave it. @param {string} title @param {FileDescription} file */
export function nameOf(title, { file = "", media }) {
  const own = /\.(\w{1,5})$/.exec(file)?.[1];
  const told = media.split("/").pop() ?? "";
  return `${stem(title)}.${own ?? ENDINGS[told] ?? told.replace(/\W.*$/, "")}`;
}

/** A title as the name of a file. @param {string} title */
export function stem(title) {
  return title.normalize().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60).toLowerCase() || "answer";
}

/** What stands where a file is not to be had any more. @param {FileDescription | null | undefined} file */
export function gone(file) {
  return html`<p class="quiet">${file ? say("drawing.gone", { about: fileWords(file) }) : say("answer.nothing")}</p>`;
}

/** A picture in a frame of one shape; null where it is none. @param {FileDescription | null | undefined} file @param {string} files @param {string} name */
export function picture(file, files, name) {
  const source = address(file, files);
  if (!source || !file?.media.startsWith("image/")) return null;
  return html`<div class="picture"><img src=${source} alt=${name} /></div>`;
}

/** @param {"audio" | "video"} tag @param {FileDescription} file @param {string} files @param {string} name */
export function played(tag, file, files, name) {
  const source = address(file, files);
  return source && html`<${tag} controls preload="metadata" src=${source} aria-label=${name}></${tag}>`;
}
