// The photo field: chosen, dropped or pasted, shown large, and kept until another takes its place.

import { describe } from "./contract.js";

/** @typedef {{blob: Blob, about: import("./contract.js").FileDescription}} Photo */

/**
 * Make the frame around a file control show and keep what is given to it.
 * @param {HTMLElement} frame
 * @param {(photo: Photo) => boolean} offered told of each new photo; keeps it by answering true
 * @returns {{show: (url: string, alt: string) => void, paste: (event: ClipboardEvent) => void}}
 */
export function photoField(frame, offered) {
  const control = /** @type {HTMLInputElement} */ (frame.querySelector("input"));
  let latest = 0;

  /** @param {File | null | undefined} file */
  async function take(file) {
    if (!file) return;
    const turn = ++latest;
    const url = URL.createObjectURL(file);
    const picture = new Image();
    picture.src = url;
    // A picture the browser can not decode has no pixels to count; the contract speaks of its type.
    await picture.decode().catch(() => undefined);
    const about = await describe(file, picture.naturalWidth * picture.naturalHeight || undefined);
    if (turn !== latest) return URL.revokeObjectURL(url);
    if (offered({ blob: file, about })) show(url, "Your photo");
    else URL.revokeObjectURL(url);
  }

  /** @param {string} url @param {string} alt */
  function show(url, alt) {
    latest++;
    const old = frame.querySelector("img");
    if (old?.src.startsWith("blob:")) URL.revokeObjectURL(old.src);
    const picture = old ?? frame.insertBefore(new Image(), control);
    picture.src = url;
    picture.alt = alt;
  }

  control.addEventListener("change", () => {
    take(control.files?.[0]);
    control.value = ""; // so that the same file can be chosen again
  });
  // The control covers the frame, so a drop falls on it; the marks show that it will be caught.
  frame.addEventListener("dragover", (event) => {
    event.preventDefault();
    frame.dataset.over = "";
  });
  frame.addEventListener("dragleave", () => delete frame.dataset.over);
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    delete frame.dataset.over;
    take(event.dataTransfer?.files[0]);
  });

  return {
    show,
    paste(event) {
      const file = event.clipboardData?.files[0];
      if (!file) return;
      event.preventDefault();
      take(file);
    },
  };
}
