// The sketch's field: drawn with mouse, pen, finger or arrow keys on a blank sheet or over a photo, and sent as one PNG.

import { photoField, undoable } from "./form.js";
import { say } from "./words.js";

/**
 * @typedef {import("./form.js").Field} Field
 * @typedef {import("./form.js").Watch} Watch
 * @typedef {{points: [number, number][], size: number, colour: string | null}} Stroke in the sheet's pixels; without a colour, it rubs out
 */

const SHEET = { width: 960, height: 720 };
const LONGEST = 1536; // pixels of a side: the photo beneath is sent again as a PNG, which is to be less than 8 MB
const STEP = 8; // pixels that an arrow key moves the pen

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
  /** @type {ImageBitmap | null} what is drawn upon */
  let beneath = null;
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
    // Made small beside the page's own work: a camera's photo would stop it.
    const small = /** @type {ImageBitmapOptions} */ ({ resizeWidth: canvas.width, resizeHeight: canvas.height, resizeQuality: "high" });
    beneath = decoded ? await createImageBitmap(picture, small) : null;
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
  pointed(canvas, { begun, draw: (stroke, from) => line(context, stroke, from), done: (stroke) => change([...strokes, stroke]) });
  typed(place, canvas, { begun, draw: (stroke, from) => line(context, stroke, from), done: (stroke) => change([...strokes, stroke]) });
  shown(null);

  /** What is sent: the photo or white paper, and what was drawn on it. @returns {Promise<Blob>} */
  async function made() {
    const sheet = new OffscreenCanvas(canvas.width, canvas.height);
    const onto = /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d"));
    onto.fillStyle = "white";
    onto.fillRect(0, 0, sheet.width, sheet.height);
    if (beneath) onto.drawImage(beneath, 0, 0);
    onto.drawImage(canvas, 0, 0);
    return sheet.convertToBlob({ type: "image/png" });
  }

  return {
    value: () => (strokes.length ? { media: "image/png", size: whole?.size ?? 1, pixels: canvas.width * canvas.height } : photo.value()),
    parts: async () => (strokes.length && whole ? [{ content: whole, name: "sketch.png" }] : photo.parts()),
    fill: (value, alt) => {
      if (strokes.length) discards();
      photo.fill(value, alt);
    },
    keep,
    settled: async () => {
      await photo.settled();
      await fitting;
      if (strokes.length) whole ??= await made();
    },
  };
}

/**
 * @typedef {object} Drawn
 * @property {(at: [number, number]) => Stroke} begun
 * @property {(stroke: Stroke, from: number) => void} draw draws a stroke from one of its points on
 * @property {(stroke: Stroke) => void} done
 */

/** Draw with whatever points. @param {HTMLCanvasElement} canvas @param {Drawn} drawn */
function pointed(canvas, { begun, draw, done }) {
  /** @type {Stroke | null} */
  let stroke = null;
  /** @param {PointerEvent} event @returns {[number, number]} */
  const at = (event) => {
    // The sheet is as large as its box lets it be, and in the middle of it.
    const box = canvas.getBoundingClientRect();
    const scale = Math.min(box.width / canvas.width, box.height / canvas.height);
    const left = box.left + (box.width - canvas.width * scale) / 2;
    const top = box.top + (box.height - canvas.height * scale) / 2;
    return [(event.clientX - left) / scale, (event.clientY - top) / scale];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    stroke = begun(at(event));
    draw(stroke, 0);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke || !event.isPrimary) return;
    const from = stroke.points.length - 1;
    const all = event.getCoalescedEvents();
    stroke.points.push(...(all.length ? all : [event]).map(at));
    draw(stroke, from);
  });
  const end = () => {
    if (stroke) done(stroke);
    stroke = null;
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

/**
 * Draw with the keyboard: arrows move the pen, space puts it down and lifts it.
 * @param {HTMLElement} place @param {HTMLCanvasElement} canvas @param {Drawn} drawn
 */
function typed(place, canvas, { begun, draw, done }) {
  const cursor = /** @type {HTMLElement} */ (place.querySelector(".cursor"));
  const status = /** @type {HTMLElement} */ (place.querySelector("[role=status]"));
  /** @type {[number, number]} shares of the sheet */
  let at = [0.5, 0.5];
  /** @type {Stroke | null} */
  let stroke = null;
  /** @returns {[number, number]} */
  const point = () => [at[0] * canvas.width, at[1] * canvas.height];
  const lift = () => {
    if (stroke) done(stroke);
    stroke = null;
    status.textContent = "";
  };
  const show = () => {
    const scale = Math.min(canvas.clientWidth / canvas.width, canvas.clientHeight / canvas.height);
    const x = (at[0] - 0.5) * canvas.width * scale;
    const y = (at[1] - 0.5) * canvas.height * scale;
    cursor.style.transform = `translate(${x}px, ${y}px)`;
  };
  canvas.addEventListener("keydown", (event) => {
    const move = MOVES.get(event.key);
    if (event.key === "Escape") return lift();
    if (!move && event.key !== " ") return;
    event.preventDefault();
    cursor.hidden = false;
    if (move) {
      const far = (STEP / SHEET.width) * canvas.width * (event.shiftKey ? 5 : 1);
      at = [near(at[0] + (move[0] * far) / canvas.width), near(at[1] + (move[1] * far) / canvas.height)];
      stroke?.points.push(point());
      if (stroke) draw(stroke, stroke.points.length - 2);
    } else if (stroke) {
      lift();
      status.textContent = say("field.pen.up");
    } else {
      stroke = begun(point());
      draw(stroke, 0);
      status.textContent = say("field.pen.down");
    }
    show();
  });
  canvas.addEventListener("blur", () => {
    lift();
    cursor.hidden = true;
  });
}

/** @type {Map<string, [number, number]>} */
const MOVES = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, -1]], ["ArrowDown", [0, 1]]]);

/** @param {number} share */
const near = (share) => Math.min(1, Math.max(0, share));

/** @param {CanvasRenderingContext2D} context @param {Stroke} stroke @param {number} from one of its points */
function line(context, { points, size, colour }, from) {
  context.globalCompositeOperation = colour ? "source-over" : "destination-out";
  context.strokeStyle = colour ?? "black";
  context.lineWidth = size;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...points[from]);
  // A point alone is a line too short to be seen, with its round ends: one of no length has none.
  for (const [x, y] of points.slice(Math.min(from + 1, points.length - 1))) context.lineTo(x + 0.01, y);
  context.stroke();
}
