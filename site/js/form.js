// What a form's fields are and hold together, and the photo's: chosen, dropped or pasted, and shown. Other kinds have modules of their own.

import { describe } from "./contract.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{about: FileDescription, read: () => Promise<Blob>, name: string, url: () => string}} GivenFile `url`: a new one where it is shown from memory
 * @typedef {{content: string | Blob, name?: string}} Part one part of what the bridge is sent
 *
 * @typedef {object} Field
 * @property {() => any} value what the contract checks, files as their descriptions; undefined where nothing was given
 * @property {() => Promise<Part[]>} parts the same as it is sent
 * @property {(value: any, alt: string) => void} fill shows a value; undefined: what was there at first
 * @property {() => () => void} [keep] keeps what is there now, to be put back; without it, its value is filled in again
 * @property {() => Promise<unknown>} settled waits until what was given has been read
 * @property {() => string | null} [wrong] what keeps it from having a value at all
 *
 * @typedef {object} Watch
 * @property {AbortSignal} leaving ends what a field listens to
 * @property {(value: any) => boolean} offered told of files before they are taken, or of a fault; true takes them
 */

/** @typedef {Map<string, Field>} Fields by their names */

/** The first that keeps the fields from being asked at all. @param {Fields} fields */
export function wrongIn(fields) {
  for (const [name, field] of fields) {
    const detail = field.wrong?.();
    if (detail) return unreadable(name, detail);
  }
  return null;
}

/** What the fields hold, as the contract checks it. @param {Fields} fields @returns {Record<string, any>} */
export function inputOf(fields) {
  const values = [...fields].map(([name, field]) => [name, field.value()]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The same as it is sent, of this moment: what is shown later was not asked. @param {Fields} fields @returns {Promise<[string, Part][]>} */
export async function partsOf(fields) {
  /** @type {(each: [string, Field]) => Promise<[string, Part][]>} */
  const named = async ([name, field]) => (await field.parts()).map((part) => [name, part]);
  return (await Promise.all([...fields].map(named))).flat();
}

/** Keep what the fields hold; what is returned puts it back. @param {Fields} fields */
export function keep(fields) {
  const kept = [...fields.values()].map((field) => {
    if (field.keep) return field.keep();
    const value = field.wrong?.() ? undefined : field.value();
    return () => field.fill(value, "");
  });
  return () => kept.forEach((back) => back());
}

/**
 * The photo's field: chosen, dropped or pasted, shown large, and kept until another takes its place.
 * @param {HTMLElement} place
 * @param {Watch} watch
 * @returns {Field}
 */
export function photoField(place, { leaving, offered }) {
  const control = /** @type {HTMLInputElement} */ (place.querySelector("input"));
  const frame = /** @type {HTMLElement} */ (place.querySelector(".frame"));
  const remove = /** @type {HTMLElement | null} */ (place.querySelector(".remove"));
  const first = document.querySelector(".frame") === frame;
  /** @type {GivenFile | null} */
  let photo = null;
  let latest = 0;
  let reading = Promise.resolve();

  /** @param {File} file */
  async function read(file) {
    const turn = ++latest;
    // A copy: the file itself may be changed or taken away before it is asked about.
    const blob = await copy(file);
    if (!blob) return turn === latest && offered(unreadable(control.name, "This file can not be read: choose it again."));
    const url = URL.createObjectURL(blob);
    const { about, decoded } = await looked(blob, url);
    const damaged = !decoded && about.media.startsWith("image/");
    const kept =
      turn === latest &&
      !leaving.aborted &&
      offered(damaged ? unreadable(control.name, "The photo is damaged: choose another.") : about);
    if (!kept) return URL.revokeObjectURL(url);
    photo = { about, read: async () => blob, name: file.name, url: () => URL.createObjectURL(blob) };
    return show(url, "Your photo");
  }

  /** @param {File | null | undefined} file */
  function take(file) {
    if (file) reading = read(file).then(() => undefined);
  }

  /** @param {string | null} url null shows the empty frame @param {string} alt */
  function show(url, alt) {
    latest++;
    const old = frame.querySelector("img");
    if (old?.src.startsWith("blob:")) URL.revokeObjectURL(old.src);
    if (remove) remove.hidden = url === null;
    if (url === null) return old?.remove();
    const picture = old ?? frame.insertBefore(new Image(), control);
    picture.src = url;
    picture.alt = alt;
  }

  /** @param {FileDescription | undefined} about @param {string} alt */
  function fill(about, alt) {
    const url = about?.file;
    // Fetched only when asked about: the saved answer needs no more than the picture that is there.
    photo = about && url ? { about, read: () => fetch(url).then((response) => response.blob()), name: url, url: () => url } : null;
    show(url ?? null, alt);
  }

  function keep() {
    const kept = photo;
    const alt = frame.querySelector("img")?.alt ?? "";
    return () => {
      photo = kept;
      show(kept && kept.url(), alt);
    };
  }

  async function parts() {
    const asked = photo; // another may be shown by the time this one is read
    return asked ? [{ content: await asked.read(), name: asked.name }] : [];
  }

  control.addEventListener("change", () => {
    take(control.files?.[0]);
    control.value = ""; // so that the same file can be chosen again
  });
  remove?.addEventListener("click", () => {
    fill(undefined, "");
    place.dispatchEvent(new Event("input", { bubbles: true }));
    control.focus();
  });
  // A file dropped anywhere is for the first frame: beside it, the browser would leave the page to show it.
  const target = (/** @type {Event} */ event) => (event.target instanceof Element ? event.target : document.body);
  const mine = (/** @type {Event} */ event) => {
    const other = target(event).closest("input[type=file]");
    return other ? other === control : first;
  };
  const dragged = (/** @type {DragEvent} */ event) => (event.dataTransfer?.types.includes("Files") ?? false) && mine(event);
  document.addEventListener(
    "dragover",
    (event) => {
      if (!dragged(event)) return delete frame.dataset.over;
      event.preventDefault();
      frame.dataset.over = "";
    },
    { signal: leaving },
  );
  document.addEventListener("dragleave", () => delete frame.dataset.over, { signal: leaving });
  document.addEventListener(
    "drop",
    (event) => {
      delete frame.dataset.over;
      if (!dragged(event)) return;
      event.preventDefault();
      take(event.dataTransfer?.files[0]);
    },
    { signal: leaving },
  );
  document.addEventListener(
    "paste",
    (event) => {
      const file = event.clipboardData?.files[0];
      // A spreadsheet puts a picture of its cells beside them: where one can write, the words are meant.
      if (!file || !mine(event) || target(event).matches("textarea, input:not([type=file])")) return;
      event.preventDefault();
      take(file);
    },
    { signal: leaving },
  );
  take(control.files?.[0]); // chosen while this was still on its way

  return {
    value: () => photo?.about,
    parts,
    fill,
    keep,
    settled: () => reading,
  };
}

/** A copy of a file's bytes, or null where they can not be read. @param {File} file @returns {Promise<Blob | null>} */
export function copy(file) {
  return file.arrayBuffer().then((bytes) => new Blob([bytes], { type: file.type }), () => null);
}

/** A picture's description, and whether it can be shown. @param {Blob} blob @param {string} url */
export async function looked(blob, url) {
  const picture = new Image();
  picture.src = url;
  const decoded = await picture.decode().then(() => true, () => false);
  return { decoded, about: await describe(blob, picture.naturalWidth * picture.naturalHeight || undefined) };
}

/** @param {string} field @param {string} detail @returns {Fault} */
export function unreadable(field, detail) {
  return { kind: "input-refused", detail, field, retryable: false };
}
