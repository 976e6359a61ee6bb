// What a form's fields are and hold together, and the photo's, which is shown large. Other kinds have modules of their own.

import { isPhoto } from "./contract.js";
import { controlIn, copy, looked, makers, receives, unreadable } from "./receive.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{about: FileDescription, read: () => Promise<Blob>, name: string, url: () => string}} GivenFile `url`: a new one where it is shown from memory
 * @typedef {{content: string | Blob, name?: string}} Part one part of what the bridge is sent
 *
 * @typedef {object} Field
 * @property {() => any} value what the contract checks, files as their descriptions; undefined where nothing was given
 * @property {() => Promise<Part[]>} parts the same as it is sent
 * @property {(value: any, alt: string) => void} fill shows a value; undefined: what was there at first
 * @property {() => () => void} keep keeps what is there now, to be put back
 * @property {() => Promise<unknown>} settled waits until what was given has been read
 * @property {() => string | null} [wrong] what keeps it from having a value at all
 *
 * @typedef {object} Watch
 * @property {AbortSignal} leaving ends what a field listens to
 * @property {(value: any) => boolean} offered told of files before they are taken, or of a fault; true takes them
 * @property {(picture: HTMLImageElement | null) => void} [shown] told of the photo that is shown from now on
 * @property {() => void} [discards] told before a photo is discarded; without it, the field has an Undo of its own
 */

/** @typedef {Map<string, Field>} Fields by their names */

/** Kinds of fields that site/js/files.js reads. */
const FILES = ["images", "audio", "video", "file", "files", "model3d", "message"];

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
  const kept = [...fields.values()].map((field) => field.keep());
  return () => kept.forEach((back) => back());
}

/**
 * The photo's field: chosen, dropped, pasted or taken, shown large, and kept until another takes its place.
 * @param {HTMLElement} place
 * @param {Watch} watch
 * @returns {Field}
 */
export function photoField(place, watch) {
  const { leaving, offered, shown } = watch;
  const control = controlIn(place);
  const frame = /** @type {HTMLElement} */ (place.querySelector(".frame"));
  const remove = /** @type {HTMLElement | null} */ (place.querySelector(".remove"));
  const discards = watch.discards ?? undoable(place, keep);
  /** @type {GivenFile | null} */
  let photo = null;
  let latest = 0;
  let reading = Promise.resolve();

  /** @param {File} file */
  async function read(file) {
    const turn = ++latest;
    // A copy: the file itself may be changed or taken away before it is asked about.
    const blob = await copy(file);
    if (!blob) return turn === latest && offered(unreadable(control.name, say("refused.unread")));
    const url = URL.createObjectURL(blob);
    const { about, decoded } = await looked(blob, url);
    const damaged = !decoded && about.media.startsWith("image/");
    const kept =
      turn === latest && !leaving.aborted && offered(damaged ? unreadable(control.name, say("refused.damaged")) : about);
    if (!kept) return URL.revokeObjectURL(url);
    if (photo) discards();
    photo = { about, read: async () => blob, name: file.name, url: () => URL.createObjectURL(blob) };
    return show(url, say("field.own-photo"));
  }

  /** @param {File[]} files the first is taken */
  function take([file]) {
    if (file) reading = read(file).then(() => undefined);
  }

  /** @param {string | null} url null shows the empty frame @param {string} alt */
  function show(url, alt) {
    latest++;
    end();
    const old = frame.querySelector("img");
    if (old?.src.startsWith("blob:")) URL.revokeObjectURL(old.src);
    if (remove) remove.hidden = url === null;
    delete frame.dataset.wide;
    if (url === null) {
      old?.remove();
      return shown?.(null);
    }
    const picture = old ?? new Image();
    picture.onload = () => picture.naturalWidth > 2 * picture.naturalHeight && (frame.dataset.wide = "");
    picture.src = url;
    picture.alt = alt;
    frame.prepend(picture);
    return shown?.(picture);
  }

  /** @param {FileDescription | undefined} about @param {string} alt */
  function fill(about, alt) {
    const url = about?.file;
    if (photo && !photo.about.file) discards();
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

  remove?.addEventListener("click", () => {
    discards();
    photo = null;
    show(null, "");
    place.dispatchEvent(new Event("input", { bubbles: true }));
    control.focus();
  });
  const end = makers(place, watch, take);
  receives(place, watch, take);

  return {
    value: () => photo?.about,
    parts,
    fill,
    keep,
    settled: () => reading,
  };
}

/**
 * What a field discards can be put back with its button “Undo”, for as long as the page is open: see undo.js.
 * @param {HTMLElement} place
 * @param {() => () => void} keep
 * @returns {() => void} to be called before anything is discarded
 */
export function undoable(place, keep) {
  return () => {
    const back = keep();
    import("./undo.js").then(({ offer }) => offer(place, back, keep), () => null);
  };
}

/**
 * Bring the field drawn in `place` to life; what not every page has is fetched by those that have it.
 * @param {HTMLElement} place
 * @param {Schema} schema
 * @param {Watch} watch
 * @returns {Promise<Field>}
 */
export async function fieldIn(place, schema, watch) {
  if (schema.kind === "sketch") return (await import("./sketch.js")).sketchField(place, watch);
  if (isPhoto(schema)) return photoField(place, watch);
  if (FILES.includes(schema.kind)) return (await import("./files.js")).filesField(place, schema, watch);
  if (schema.kind === "table") return (await import("./table.js")).tableField(place);
  return (await import("./fields.js")).plainField(place, schema);
}
