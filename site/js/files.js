// Fields that take files which are not looked at one by one: several photos, sounds, films, documents, a message's.

import { html, render } from "../vendor/preact-htm.js";
import { checkField, describe, fileWords, isFile } from "./contract.js";
import { undoable } from "./form.js";
import { copy, looked, makers, receives, unreadable } from "./receive.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./form.js").Field} Field
 * @typedef {Omit<import("./form.js").GivenFile, "url"> & {url: string, blob?: Blob}} ShownFile
 */

/**
 * The files chosen, dropped, pasted or made, each shown with its size, played where it can be, and taken away again.
 * @param {HTMLElement} place
 * @param {Schema} schema
 * @param {import("./form.js").Watch} watch
 * @returns {Field}
 */
export function filesField(place, schema, watch) {
  const { leaving, offered } = watch;
  const control = /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));
  const words = place.querySelector("textarea"); // a message has some
  const list = /** @type {HTMLElement} */ (place.querySelector(".chosen"));
  const one = isFile(schema);
  const each = one ? schema : (schema.items ?? schema.properties.files.items);
  const most = one ? 1 : ((words ? schema.properties.files : schema).maxItems ?? Infinity);
  const discards = undoable(place, keepFiles);
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

  /** Of several, the good ones are taken, and it is said which were left out. @param {File[]} files */
  async function take(files) {
    /** @type {ShownFile[]} */
    const read = [];
    /** @type {[string, import("./routes.js").Fault][]} */
    const left = [];
    for (const file of one ? files.slice(0, 1) : files) {
      const full = (one ? 0 : given.length) + read.length >= most;
      const taken = full ? tooMany() : await readFile(file);
      if ("detail" in taken) left.push([file.name, taken]);
      else read.push(taken);
    }
    const next = one ? read : [...given, ...read];
    if (read.length && !leaving.aborted && offered(value(next))) {
      if (one && given.length) discards();
      show(next);
    } else for (const file of read) URL.revokeObjectURL(file.url);
    const [first] = left;
    if (!first || leaving.aborted) return;
    const detail = one ? first[1].detail : say("field.left-out", { name: first[0], detail: first[1].detail, count: left.length });
    offered({ ...first[1], detail, rest: read.length > 0 });
  }

  const tooMany = () => unreadable(control.name, say("refused.maxFiles", { title: schema.title, count: most }));

  /** A file as it is shown and sent, or why it can not be. @param {File} file @returns {Promise<ShownFile | import("./routes.js").Fault>} */
  async function readFile(file) {
    const blob = await copy(file);
    if (!blob) return unreadable(control.name, say("refused.unread"));
    const url = URL.createObjectURL(blob);
    const { about, decoded } = schema.kind === "images" ? await looked(blob, url) : { about: await describe(blob), decoded: true };
    const damaged = !decoded && about.media.startsWith("image/");
    const fault = damaged ? unreadable(control.name, say("refused.damaged")) : refused(about);
    if (!fault) return { about, url, blob, name: file.name, read: async () => blob };
    URL.revokeObjectURL(url);
    return fault;
  }

  /** Why the contract does not take a file, whatever others there are. @param {FileDescription} about */
  function refused(about) {
    const alone = /** @type {any} */ ({ input: { properties: { [control.name]: { ...each, title: schema.title } } } });
    return checkField(alone, control.name, about);
  }

  /** @param {ShownFile[]} files */
  function show(files) {
    end();
    for (const old of given) if (!files.includes(old) && old.url.startsWith("blob:")) URL.revokeObjectURL(old.url);
    given = files;
    render(html`${files.map((file) => html`<li key=${file.url}>${preview(file)}
      <span class="name"><bdi class="short" title=${file.name}>${file.name}</bdi> <span class="quiet">${fileWords(file.about)}</span></span>
      <button type="button" class="plain" aria-label=${say("field.remove", { title: file.name })} onClick=${() => remove(file)}>
        ${say("field.remove-it")}</button></li>`)}`, list);
  }

  function keepFiles() {
    const kept = given;
    return () => show(kept.map((file) => (file.blob ? { ...file, url: URL.createObjectURL(file.blob) } : file)));
  }

  function keep() {
    const [back, text] = [keepFiles(), words?.value ?? ""];
    return () => {
      if (words) words.value = text;
      back();
    };
  }

  async function parts() {
    const asked = words && value(given) ? [{ content: words.value }] : [];
    const files = await Promise.all(given.map(async (file) => ({ content: await file.read(), name: file.name })));
    return [...asked, ...files];
  }

  /** @param {ShownFile} file */
  function remove(file) {
    discards();
    show(given.filter((other) => other !== file));
    place.dispatchEvent(new Event("input", { bubbles: true }));
    control.focus();
  }

  /** @param {File[]} files */
  function queue(files) {
    if (files.length) reading = reading.then(() => take(files)).then(() => undefined);
  }

  leaving.addEventListener("abort", () => show([]));
  const end = makers(place, watch, queue, each.properties.size.maximum);
  receives(place, watch, queue);

  return {
    value: () => value(given),
    parts,
    fill: (filled) => {
      if (given.some(({ blob }) => blob)) discards();
      if (words) words.value = filled?.text ?? "";
      /** @type {FileDescription[]} */
      const about = (words ? filled?.files : one ? filled && [filled] : filled) ?? [];
      show(about.map((file) => recorded(file)));
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
  return about.media.startsWith("image/") ? html`<img src=${url} alt="" decoding="async" />` : "";
}
