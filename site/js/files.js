// Fields that take files which are not looked at in a frame: sounds, films, documents, several photos, a message's.

import { html, render } from "../vendor/preact-htm.js";
import { describe, fileWords, isFile } from "./contract.js";
import { copy, looked, unreadable } from "./form.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./form.js").Field} Field
 * @typedef {Omit<import("./form.js").GivenFile, "url"> & {url: string, blob?: Blob}} ShownFile
 */

/**
 * The files chosen in a native control, each shown with its size, played where it can be, and taken away again.
 * @param {HTMLElement} place
 * @param {Schema} schema
 * @param {import("./form.js").Watch} watch
 * @returns {Field}
 */
export function filesField(place, schema, { leaving, offered }) {
  const control = /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));
  const words = place.querySelector("textarea"); // a message has some
  const list = /** @type {HTMLElement} */ (place.querySelector(".chosen"));
  const one = isFile(schema);
  const photos = schema.kind === "images";
  /** @type {ShownFile[]} */
  let given = [];
  let reading = Promise.resolve();

  /** @param {ShownFile[]} files @returns {any} what the contract checks */
  function value(files) {
    const about = files.map((file) => file.about);
    if (one) return about[0];
    if (words) return words.value || about.length ? { text: words.value, files: about } : undefined;
    return about.length ? about : undefined;
  }

  /** @param {File[]} files */
  async function take(files) {
    /** @type {ShownFile[]} */
    const read = [];
    for (const file of files) {
      const blob = await copy(file);
      if (!blob) return offered(unreadable(control.name, `${file.name} can not be read: choose it again.`));
      const url = URL.createObjectURL(blob);
      const { about, decoded } = photos ? await looked(blob, url) : { about: await describe(blob), decoded: true };
      if (!decoded && about.media.startsWith("image/")) {
        return offered(unreadable(control.name, `${file.name} is damaged: choose another.`));
      }
      read.push({ about, url, blob, name: file.name, read: async () => blob });
    }
    const next = one ? read : [...given, ...read];
    if (!leaving.aborted && offered(value(next))) show(next);
    else for (const file of read) URL.revokeObjectURL(file.url);
  }

  /** @param {ShownFile[]} files */
  function show(files) {
    for (const old of given) if (!files.includes(old) && old.url.startsWith("blob:")) URL.revokeObjectURL(old.url);
    given = files;
    render(html`${files.map((file) => html`<li key=${file.url}>${preview(file)}
      <span>${file.name} <span class="quiet">${fileWords(file.about)}</span></span>
      <button type="button" class="plain" aria-label=${`Remove ${file.name}`} onClick=${() => remove(file)}>Remove</button></li>`)}`, list);
  }

  function keep() {
    const [kept, text] = [given, words?.value ?? ""];
    return () => {
      if (words) words.value = text;
      show(kept.map((file) => (file.blob ? { ...file, url: URL.createObjectURL(file.blob) } : file)));
    };
  }

  async function parts() {
    const asked = words && value(given) ? [{ content: words.value }] : [];
    const files = await Promise.all(given.map(async (file) => ({ content: await file.read(), name: file.name })));
    return [...asked, ...files];
  }

  /** @param {ShownFile} file */
  function remove(file) {
    show(given.filter((other) => other !== file));
    place.dispatchEvent(new Event("input", { bubbles: true }));
    control.focus();
  }

  function chosen() {
    const files = [...(control.files ?? [])];
    if (!files.length) return;
    const before = reading;
    reading = before.then(() => take(files)).then(() => undefined);
    control.value = ""; // so that the same file can be chosen again
  }

  control.addEventListener("change", chosen);
  leaving.addEventListener("abort", () => show([]));
  chosen(); // what was chosen while this was still on its way

  return {
    value: () => value(given),
    parts,
    fill: (filled) => {
      if (words) words.value = filled?.text ?? "";
      /** @type {FileDescription[]} */
      const about = (words ? filled?.files : one ? filled && [filled] : filled) ?? [];
      show(about.map((each) => recorded(each)));
    },
    keep,
    settled: () => reading,
  };
}

/** A file of an example. @param {FileDescription} about @returns {ShownFile} */
function recorded(about) {
  const url = about.file ?? "";
  return { about, url, name: url.split("/").pop() ?? "", read: () => fetch(url).then((response) => response.blob()) };
}

/** What can be seen or heard of a file before it is sent. @param {ShownFile} file */
function preview({ about, url, name }) {
  if (about.media.startsWith("audio/")) return html`<audio controls src=${url} aria-label=${name}></audio>`;
  if (about.media.startsWith("video/")) return html`<video controls src=${url} aria-label=${name}></video>`;
  return about.media.startsWith("image/") ? html`<img src=${url} alt="" />` : "";
}
