// What a form's fields are and hold together, and the photo's: chosen, dropped, pasted or taken, and shown. Other kinds have modules of their own.

import { describe } from "./contract.js";
import { say } from "./words.js";

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

/** @param {HTMLElement} place */
const controlIn = (place) => /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));

/**
 * Files chosen, dropped or pasted are taken by the field that they are meant for: beside all fields, the first.
 * @param {HTMLElement} place
 * @param {Watch} watch
 * @param {(files: File[]) => void} take
 */
export function receives(place, { leaving: signal }, take) {
  const control = controlIn(place);
  const chosen = () => {
    take([...(control.files ?? [])]);
    control.value = ""; // so that the same file can be chosen again
  };
  const target = (/** @type {Event} */ event) => (event.target instanceof Element ? event.target : document.body);
  const mine = (/** @type {Event} */ event) => {
    const other = target(event).closest(TAKES_FILES) ?? document.querySelector(TAKES_FILES);
    return other === place;
  };
  const dragged = (/** @type {DragEvent} */ event) => (event.dataTransfer?.types.includes("Files") ?? false) && mine(event);
  const left = () => delete place.dataset.over;
  control.addEventListener("change", chosen);
  document.addEventListener(
    "dragover",
    (event) => {
      if (!dragged(event)) return left();
      event.preventDefault(); // otherwise the browser would leave the page to show the file
      place.dataset.over = "";
    },
    { signal },
  );
  document.addEventListener("dragleave", left, { signal });
  document.addEventListener(
    "drop",
    (event) => {
      left();
      if (!dragged(event)) return;
      event.preventDefault();
      take([...(event.dataTransfer?.files ?? [])]);
    },
    { signal },
  );
  document.addEventListener(
    "paste",
    (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      // A spreadsheet puts a picture of its cells beside them: where one can write, the words are meant.
      if (!files.length || !mine(event) || target(event).matches("textarea, input:not([type=file])")) return;
      event.preventDefault();
      take(files);
    },
    { signal },
  );
  chosen(); // while this was still on its way
}

const TAKES_FILES = ".field:has(input[type=file])";

/**
 * Buttons that make a file instead of choosing one; what they need is fetched when one is pressed.
 * @param {HTMLElement} place
 * @param {Watch} watch
 * @param {(files: File[]) => void} take
 * @param {number} [most] bytes
 * @returns {() => void} ends what is being made
 */
export function makers(place, { leaving, offered }, take, most = Infinity) {
  const control = controlIn(place);
  let ending = new AbortController();
  const end = () => ending.abort();
  leaving.addEventListener("abort", end);
  place.closest("main")?.addEventListener("away", end); // a camera is off while another page is looked at
  place.addEventListener("click", (event) => {
    const { make } = /** @type {HTMLElement} */ (event.target).dataset;
    if (!make) return;
    if (make === "photo" && matchMedia("(pointer: coarse)").matches) {
      control.capture = "environment"; // a phone's own camera is better than ours
      control.click();
      return control.removeAttribute("capture");
    }
    end();
    const making = { ending: (ending = new AbortController()), take, most, offered };
    const from = make === "sound" ? import("./microphone.js") : import("./camera.js");
    from.then(({ open }) => open(place, making, /** @type {any} */ (make)), () => offered(unreadable(control.name, say("fault.page-broken"))));
  });
  return end;
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
