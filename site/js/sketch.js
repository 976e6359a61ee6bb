// The sketch's field: drawn with mouse, pen, finger or arrow keys on a blank sheet or over a photo, and sent as one PNG.

import { photoField, undoable } from "./form.js";
import { line, pointed, typed } from "./pen.js";

/**
 * @typedef {import("./form.js").Field} Field
 * @typedef {import("./form.js").Watch} Watch
 * @typedef {import("./pen.js").Stroke} Stroke
 */

const SHEET = { width: 960, height: 720 };
const LONGEST = 1536; // pixels of a side: the photo beneath is sent again as a PNG, which is to be less than 8 MB

/**
 * @param {HTMLElement} place
 * @param {Watch} watch
 * @returns {Field}
 */
export function sketchField(place, watch) {
  const canvas = /** @type {HTMLCanvasElement} */ (place.querySelector("canvas"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const [pen, rubber] = /** @type {NodeListOf<HTMLInputElement>} */ (place.querySelectorAll(".pens [type=radio]"));
  const size = /** @type {HTMLInputElement} */ (place.querySelector(".pens [type=range]"));
  const colour = /** @type {HTMLInputElement} */ (place.querySelector(".pens [type=color]"));
  const clear = /** @type {HTMLButtonElement} */ (place.querySelector(".clear"));
  const discards = undoable(place, keep);
  /** @type {Stroke[]} */
  let strokes = [];
  let fitting = Promise.resolve();
  /** @type {Blob | null} the sketch as it is sent, until it changes */
  let whole = null;

  /** The sheet becomes as large as the photo beneath, within limits. @param {HTMLImageElement | null} picture */
  function shown(picture) {
    strokes = [];
    fitting = fit(picture);
  }

  /** @param {HTMLImageElement | null} picture */
  async function fit(picture) {
    const url = picture?.src;
    const decoded = picture && (await picture.decode().then(() => true, () => false));
    if (picture?.src !== url) return; // another has come
    const { naturalWidth, naturalHeight } = decoded ? picture : { naturalWidth: SHEET.width, naturalHeight: SHEET.height };
    const scale = Math.min(1, LONGEST / Math.max(naturalWidth, naturalHeight));
    canvas.width = Math.round(naturalWidth * scale);
    canvas.height = Math.round(naturalHeight * scale);
    draw();
  }

  const photo = photoField(place, {
    ...watch,
    shown,
    discards,
    offered: (about) => {
      const taken = watch.offered(about);
      if (taken && strokes.length && !photo.value()) discards();
      return taken;
    },
  });

  function keep() {
    const [back, kept] = [photo.keep(), strokes];
    return () => {
      back();
      strokes = kept;
      draw();
    };
  }

  function draw() {
    whole = null;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const stroke of strokes) line(context, stroke, 0);
    clear.hidden = !strokes.length;
  }

  /** @param {Stroke[]} next */
  function change(next) {
    discards();
    strokes = next;
    draw();
    place.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {[number, number]} at @returns {Stroke} */
  const begun = (at) => {
    const thick = (size.valueAsNumber * canvas.width) / SHEET.width;
    return { points: [at], size: thick, colour: rubber.checked ? null : colour.value };
  };

  clear.addEventListener("click", () => {
    change([]);
    canvas.focus();
  });
  colour.addEventListener("input", () => (pen.checked = true));
  // Tools are no part of what is asked.
  place.querySelector(".pens")?.addEventListener("input", (event) => event.stopPropagation());
  /** @type {import("./pen.js").Drawn} */
  const drawn = { begun, draw: (stroke, from) => line(context, stroke, from), done: (stroke) => change([...strokes, stroke]) };
  pointed(canvas, drawn);
  typed(place, canvas, drawn);
  shown(null);

  /** A photo as large as the sheet; made small beside the page's own work, which a camera's photo would stop. @param {Blob} photo */
  function small(photo) {
    return createImageBitmap(photo, { resizeWidth: canvas.width, resizeHeight: canvas.height, resizeQuality: "high" });
  }

  /** What is sent: the photo or white paper, and what was drawn on it. @returns {Promise<Blob>} */
  async function made() {
    const sheet = new OffscreenCanvas(canvas.width, canvas.height);
    const onto = /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d"));
    const [beneath] = await photo.parts();
    onto.fillStyle = "white";
    onto.fillRect(0, 0, sheet.width, sheet.height);
    if (beneath) onto.drawImage(await small(/** @type {Blob} */ (beneath.content)), 0, 0);
    onto.drawImage(canvas, 0, 0);
    return sheet.convertToBlob({ type: "image/png" });
  }

  return {
    value: () => (strokes.length ? { media: "image/png", size: whole?.size ?? 1, pixels: canvas.width * canvas.height } : photo.value()),
    parts: async () => (strokes.length ? [{ content: whole ?? (await made()), name: "sketch.png" }] : photo.parts()),
    fill: (value, alt) => {
      const own = photo.value() && !photo.value().file; // its own Undo puts back what was drawn on it as well
      if (strokes.length && !own) discards();
      photo.fill(value, alt);
    },
    keep,
    settled: async () => {
      await photo.settled();
      await fitting;
      const drawn = strokes;
      if (whole || !drawn.length) return;
      const blob = await made().catch(() => null); // what can not be read is said when it is asked about
      if (drawn === strokes) whole = blob;
    },
  };
}
