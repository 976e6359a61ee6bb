// The pen of a sketch: led by a mouse, a pen or a finger, or by arrow keys.

import { say } from "./words.js";

const STEP = 1 / 120; // of the sheet's width: how far an arrow key moves the pen

/**
 * @typedef {{points: [number, number][], size: number, colour: string | null}} Stroke in the sheet's pixels; without a colour, it rubs out
 *
 * @typedef {object} Drawn what becomes of a pen's ways
 * @property {(at: [number, number]) => Stroke} begun
 * @property {(stroke: Stroke, from: number) => void} draw draws a stroke from one of its points on
 * @property {(stroke: Stroke) => void} done
 */

/** Draw with whatever points. @param {HTMLCanvasElement} canvas @param {Drawn} drawn */
export function pointed(canvas, { begun, draw, done }) {
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
export function typed(place, canvas, { begun, draw, done }) {
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
      const far = STEP * canvas.width * (event.shiftKey ? 5 : 1);
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
export function line(context, { points, size, colour }, from) {
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
