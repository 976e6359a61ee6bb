// Which photos are shown, and in which order: nothing but functions of what is known.

/**
 * @typedef {import("./clean_marks.js").Mark} Mark
 * @typedef {import("./clean_words.js").Photo} Photo
 * @typedef {{order: string, show: string, split: string, label: string, name: string}} Wish
 */

/**
 * @param {Photo[]} photos
 * @param {Wish} wish
 * @param {(file: string) => Mark | undefined} marked
 */
export function choose(photos, wish, marked) {
  const name = wish.name.trim().toLowerCase();
  const ranks = new Map(photos.map(({ row, rank }) => [row, rank]));
  return photos
    .filter(
      (photo) =>
        (!wish.split || photo.split === wish.split) &&
        (!wish.label || photo.label === wish.label) &&
        photo.file.toLowerCase().includes(name) &&
        shown(photo, wish.show, marked(photo.file)),
    )
    .sort((a, b) => before(a, b, wish, ranks) || a.rank - b.rank);
}

/** @param {Photo} photo @param {string} show @param {Mark | undefined} mark */
function shown(photo, show, mark) {
  if (show === "suspect") return photo.why.length > 0 && mark?.decision !== "keep";
  if (show === "twin") return photo.twin !== null;
  return show === "all" || (show === "marked") === Boolean(mark);
}

/** @param {Photo} a @param {Photo} b @param {Wish} wish @param {Map<number, number>} ranks of rows */
function before(a, b, { order, show }, ranks) {
  if (order === "loss") return b.loss - a.loss;
  if (order === "file") return a.file < b.file ? -1 : 1;
  // Near-duplicates stand together, where the first of them would.
  const pair = (/** @type {Photo} */ { rank, twin }) => Math.min(rank, ranks.get(twin ?? -1) ?? rank);
  return show === "twin" ? pair(a) - pair(b) : 0;
}
