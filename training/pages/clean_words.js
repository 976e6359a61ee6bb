// What the page says of photos and of what will be done with them.

/**
 * @typedef {import("./clean_marks.js").Mark} Mark
 * @typedef {object} Photo
 * @property {number} row
 * @property {string} file as the run knows it
 * @property {string} label under which it lies now
 * @property {string} was the label that was learned
 * @property {"train" | "valid"} split
 * @property {string} says
 * @property {number} sure
 * @property {number} loss
 * @property {string[]} why
 * @property {number | null} twin a row
 * @property {number} rank
 * @property {string | null} version null where the file is gone
 * @typedef {{digest: string, moves: {file: string, label: string | null, name: string}[], refused: {file: string, why: string}[], left: Record<string, number>}} Plan
 */

const MOST = 100; // files that are listed by name
const FEWEST = 5; // photos of a label, to train

/** @param {number} count @param {string} [noun] */
export function many(count, noun = "photo") {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** @param {number} share */
export function percent(share) {
  return share > 0.995 ? "> 99 %" : `${Math.round(share * 100)} %`;
}

/** What a mark will do, in two words. @param {Mark | undefined} mark */
export function badge(mark) {
  if (!mark) return "";
  return { keep: "✓ keep", delete: "✕ delete", relabel: `→ ${mark.label}` }[mark.decision];
}

/** What was just decided, to be heard. @param {Mark} mark */
export function decided({ file, decision, label }) {
  return { keep: `${file} is kept.`, delete: `${file} is to be deleted.`, relabel: `${file} is to be ${label}.` }[decision];
}

/** @param {string} file @param {Mark | undefined} mark that holds now */
export function undone(file, mark) {
  return `Undone. ${mark ? decided(mark) : `${file} is not marked.`}`;
}

/** What the model says of a photo. @param {Photo} photo */
export function verdict({ label, was, split, says, sure, why }) {
  const moved = label === was ? "" : ` It was moved here from ${was}.`;
  const learned = split === "train" ? "It learned from this photo." : "This photo was held back.";
  const nothing = why.length ? "" : " Nothing speaks against its label.";
  return `Labelled ${label}. The model says ${says}, ${percent(sure)}. ${learned}${moved}${nothing}`;
}

/** What is marked so far. @param {Mark[]} marks @param {number} unsaved */
export function tally(marks, unsaved) {
  const count = (/** @type {string} */ decision) => marks.filter((mark) => mark.decision === decision).length;
  const parts = [
    [count("delete"), "to delete"],
    [count("relabel"), "to relabel"],
    [count("keep"), "kept"],
  ].flatMap(([number, word]) => (number ? [`${number} ${word}`] : []));
  return `${parts.join(", ") || "Nothing is marked"}. ${unsaved ? "Saving…" : marks.length ? "All saved." : ""}`.trim();
}

/** What applying will do, as elements. @param {Plan} plan */
export function planned({ moves, refused, left }) {
  const gone = moves.filter(({ label }) => label === null).map(({ file }) => file);
  const moved = moves.filter(({ label }) => label !== null).map(({ file, label, name }) => `${file} → ${label}/${name}`);
  const few = Object.entries(left).filter(([, count]) => count < FEWEST);
  return [
    paragraph(moves.length ? "Only now are files moved, and they can be moved back." : "No file has to be moved."),
    ...listed(`${many(gone.length)} to the bin`, gone),
    ...listed(`${many(moved.length)} to another label’s folder`, moved),
    ...listed(`${many(refused.length)} left alone`, refused.map(({ file, why }) => `${file}: ${why}`), true),
    ...few.map(([label, count]) => paragraph(`Only ${many(count)} of ${label} would be left: training needs ${FEWEST}.`, "fault")),
  ];
}

/** @param {string} title @param {string[]} lines @param {boolean} [open] */
function listed(title, lines, open = false) {
  if (!lines.length) return [];
  const details = document.createElement("details");
  details.open = open;
  const summary = document.createElement("summary");
  summary.textContent = title;
  const list = document.createElement("ul");
  const rest = lines.length > MOST ? [`and ${lines.length - MOST} more`] : [];
  list.append(...[...lines.slice(0, MOST), ...rest].map((line) => item(line)));
  details.append(summary, list);
  return [details];
}

/** @param {string} text */
export function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

/** @param {string} text @param {string} [kind] */
function paragraph(text, kind = "") {
  const element = document.createElement("p");
  element.className = kind;
  element.textContent = text;
  return element;
}
