// How files come into a field: chosen, dropped or pasted, made by camera and microphone, and read once.

import { describe } from "./contract.js";
import { say } from "./words.js";

/**
 * @typedef {import("./form.js").Watch} Watch
 * @typedef {import("./routes.js").Fault} Fault
 */

/** @param {HTMLElement} place */
export const controlIn = (place) => /** @type {HTMLInputElement} */ (place.querySelector("input[type=file]"));

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
