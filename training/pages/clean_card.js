// One photo among many: its picture, its label, what the model says, and what was decided.

import { badge, percent } from "./clean_words.js";

/**
 * @typedef {import("./clean_marks.js").Mark} Mark
 * @typedef {import("./clean_words.js").Photo} Photo
 */

/** An empty card. */
export function begin() {
  const option = document.createElement("div");
  option.className = "card";
  const image = document.createElement("img");
  image.alt = "";
  image.decoding = "async";
  image.addEventListener("error", () => image.classList.add("gone"));
  image.addEventListener("load", () => image.classList.remove("gone"));
  const lines = ["spoken", "name", "says", "mark"].map((name) => Object.assign(document.createElement("span"), { className: name }));
  option.append(image, ...lines);
  return option;
}

/** @param {HTMLElement} option @param {Photo} photo @param {Mark | undefined} mark */
export function fill(option, photo, mark) {
  const [image, file, name, says, badged] = option.children;
  const source = address("thumbs", photo);
  if (image instanceof HTMLImageElement && image.getAttribute("src") !== source) image.src = source;
  file.textContent = `${photo.file}${photo.why.length ? ", suspect" : ""}: `;
  name.textContent = photo.label;
  says.textContent = `${photo.says === photo.label ? "agrees" : `says ${photo.says}`}, ${percent(photo.sure)}`;
  badged.textContent = badge(mark);
  option.dataset.decision = mark?.decision ?? "";
  option.dataset.suspect = String(photo.why.length > 0);
}

/** Where a photo's picture is; another one when its file has changed. @param {"thumbs" | "views"} kind @param {Photo} photo */
export function address(kind, { row, version }) {
  return `${kind}/${row}/${version ?? "gone"}.jpg`;
}
