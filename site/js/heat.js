// What a model looked at, laid over a photo: darker where the model's map of a label is low. The same formulas as training/space/model.py.

/**
 * @typedef {object} Looked what a model looked at in a photo, as device.js tells it
 * @property {Float32Array} cam label after label, `side` × `side` numbers each, row by row
 * @property {number} side
 * @property {string[]} labels
 *
 * @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context
 */

const PLACE = 32; // pixels of a side that one place of a map stands for, in the bodies of training/vision.py

/** The pixels of a veil's sides. It is stretched over the photo, which the model has seen squeezed into a square too. */
export const VEIL = 256;

/**
 * Draw the veil for a label: black, and thinner where the model looked. Over a photo, as opaque as `strength`
 * says, it leaves photo × (1 − strength × (1 − heat)).
 * @param {Context} context of a canvas of VEIL × VEIL pixels
 * @param {Looked} looked
 * @param {string} label
 */
export function veil(context, looked, label) {
  const heat = heatOf(looked, label);
  const image = context.createImageData(VEIL, VEIL);
  for (let y = 0; y < VEIL; y++) {
    for (let x = 0; x < VEIL; x++) image.data[(y * VEIL + x) * 4 + 3] = Math.round(255 * (1 - heat(x, y)));
  }
  context.putImageData(image, 0, 0);
}

/**
 * How much the model looked at a place of the veil, from 0 to 1; in the margin, which it does not see, 0.
 * @param {Looked} looked
 * @param {string} label
 * @returns {(x: number, y: number) => number}
 */
function heatOf({ cam, side, labels }, label) {
  const begin = labels.indexOf(label) * side * side;
  const map = cam.slice(begin, begin + side * side).map((each) => Math.max(each, 0));
  const most = Math.max(...map) || 1;
  const size = side * PLACE;
  const part = size / (size + Math.ceil((size * 0.14) / 8) * 8);
  // Between the middles of four of the map's places; at its border, the border's.
  const place = (/** @type {number} */ at) => {
    const share = ((at + 0.5) / VEIL - (1 - part) / 2) / part;
    const from = Math.min(Math.max(share * side - 0.5, 0), side - 1);
    return { seen: share >= 0 && share <= 1, from: Math.floor(from), then: Math.min(Math.floor(from) + 1, side - 1), rest: from % 1 };
  };
  const places = Array.from({ length: VEIL }, (_, at) => place(at));
  return (x, y) => {
    const [across, down] = [places[x], places[y]];
    if (!across.seen || !down.seen) return 0;
    const row = (/** @type {number} */ at) => map[at * side + across.from] * (1 - across.rest) + map[at * side + across.then] * across.rest;
    return (row(down.from) * (1 - down.rest) + row(down.then) * down.rest) / most;
  };
}
