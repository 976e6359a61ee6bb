// The photo field: chosen, dropped or pasted, shown large, and kept until another takes its place.

import { describe } from "./contract.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{about: FileDescription, read: () => Promise<Blob>}} Photo
 */

/**
 * Make the frame around a file control show and keep what is given to it.
 * @param {HTMLElement} frame
 * @param {AbortSignal} leaving ends what it listens to
 * @param {(photo: Photo | Fault) => boolean} offered told of each new photo, or why there is none; true keeps it
 * @returns {{show: (url: string | null, alt: string) => void, settled: () => Promise<void>}}
 */
export function photoField(frame, leaving, offered) {
  const control = /** @type {HTMLInputElement} */ (frame.querySelector("input"));
  let latest = 0;
  let reading = Promise.resolve();

  /** @param {File} file */
  async function read(file) {
    const turn = ++latest;
    // A copy: the file itself may be changed or taken away before it is asked about.
    const blob = await file.arrayBuffer().then((bytes) => new Blob([bytes], { type: file.type }), () => null);
    if (!blob) return turn === latest && offered(unreadable(control.name, "This file can not be read: choose it again."));
    const url = URL.createObjectURL(blob);
    const picture = new Image();
    picture.src = url;
    const decoded = await picture.decode().then(() => true, () => false);
    const about = await describe(blob, picture.naturalWidth * picture.naturalHeight || undefined);
    const damaged = !decoded && about.media.startsWith("image/");
    const kept =
      turn === latest &&
      !leaving.aborted &&
      offered(damaged ? unreadable(control.name, "The photo is damaged: choose another.") : { about, read: async () => blob });
    if (kept) show(url, "Your photo");
    else URL.revokeObjectURL(url);
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
    if (url === null) return old?.remove();
    const picture = old ?? frame.insertBefore(new Image(), control);
    picture.src = url;
    picture.alt = alt;
  }

  control.addEventListener("change", () => {
    take(control.files?.[0]);
    control.value = ""; // so that the same file can be chosen again
  });
  // A file dropped anywhere is for the frame: beside it, the browser would leave the page to show it.
  const dragged = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener(
    "dragover",
    (event) => {
      if (!dragged(event)) return;
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
      if (!file) return;
      event.preventDefault();
      take(file);
    },
    { signal: leaving },
  );
  take(control.files?.[0]); // chosen while this was still on its way

  return { show, settled: () => reading };
}

/** @param {string} field @param {string} detail @returns {Fault} */
function unreadable(field, detail) {
  return { kind: "input-refused", detail, field, retryable: false };
}
