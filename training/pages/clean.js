// The page where photos are cleaned: what is looked at, what is decided of it, and what is done in the end.

import { address, begin, fill } from "./clean_card.js";
import { choose } from "./clean_choose.js";
import { Grid } from "./clean_grid.js";
import { listen } from "./clean_keys.js";
import { ask, Fault, Marks } from "./clean_marks.js";
import { decided, item, many, planned, tally, undone, verdict } from "./clean_words.js";

/** @typedef {import("./clean_words.js").Photo} Photo */

const DIGITS = "1234567890";

/** @template {HTMLElement} T @param {string} id @param {new () => T} kind */
function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is missing`);
  return found;
}

const box = element("photos", HTMLDivElement);
const said = element("said", HTMLParagraphElement);
const fault = element("fault", HTMLParagraphElement);
const done = element("done", HTMLParagraphElement);
const filters = element("filters", HTMLDetailsElement);
const named = element("named", HTMLInputElement);
const order = element("order", HTMLSelectElement);
const show = element("show", HTMLSelectElement);
const split = element("split", HTMLSelectElement);
const label = element("label", HTMLSelectElement);
const other = element("other", HTMLSelectElement);
const letters = element("letters", HTMLInputElement);
const button = (/** @type {string} */ id) => element(id, HTMLButtonElement);
const dialog = (/** @type {string} */ id) => element(id, HTMLDialogElement);

/** @type {Photo[]} by rank */ let photos = [];
/** @type {string[]} */ let labels = [];
let state = "";
let again = ""; // the command that trains
/** @type {number[]} */ let applied = [];

const marks = new Marks(changed, failed, told);
const grid = new Grid(box, { begin, fill: (option, photo) => fill(option, photo, marks.of(photo.file)), moved });

// --- the photo that is looked at

/** @param {Photo | undefined} photo */
function moved(photo) {
  element("one", HTMLElement).hidden = !photo;
  element("none", HTMLParagraphElement).hidden = Boolean(photo) || photos.length === 0;
  if (!photo) return;
  const picture = element("picture", HTMLImageElement);
  const source = address("views", photo);
  if (picture.getAttribute("src") !== source) picture.src = source;
  element("file", HTMLHeadingElement).textContent = photo.file;
  element("verdict", HTMLParagraphElement).textContent = verdict(photo);
  element("why", HTMLUListElement).replaceChildren(...photo.why.map(item));
  held(photo);
}

/** Show on the buttons which mark holds. @param {Photo} photo */
function held(photo) {
  const mark = marks.of(photo.file);
  button("keep").ariaPressed = String(mark?.decision === "keep");
  button("delete").ariaPressed = String(mark?.decision === "delete");
  for (const each of element("labels", HTMLDivElement).children) {
    if (each instanceof HTMLButtonElement) {
      each.ariaPressed = String(mark?.label === each.dataset.label);
      each.disabled = each.dataset.label === photo.label;
    }
  }
  other.value = mark?.label ?? "";
}

// --- deciding

/** @param {"keep" | "delete" | "relabel"} decision @param {string | null} [to] a label */
function decide(decision, to = null) {
  const photo = grid.item;
  if (!photo) return;
  // To give it the label that it has is to say that this is right.
  const mark = to === photo.label ? { decision: /** @type {const} */ ("keep"), label: null } : { decision, label: to };
  clear();
  const made = { file: photo.file, ...mark };
  say(decided(made));
  marks.add(made);
  grid.move(1);
}

function undo() {
  clear();
  const mark = marks.undo();
  if (!mark) return say("There is nothing to undo.");
  say(undone(mark.file, marks.of(mark.file)));
  const at = grid.items.findIndex((photo) => photo.file === mark.file);
  if (at >= 0) grid.go(at);
}

/** @param {string} file */
function changed(file) {
  const all = marks.all;
  element("tally", HTMLParagraphElement).textContent = tally(all, marks.unsaved);
  button("undo").disabled = !marks.undoable;
  button("apply").disabled = all.every((mark) => mark.decision === "keep");
  grid.again((photo) => photo.file === file);
  if (grid.item?.file === file) held(grid.item);
}

/** @param {unknown} reason */
function failed(reason) {
  fault.textContent = reason instanceof Fault ? reason.message : String(reason);
}

/** @param {import("./clean_marks.js").News} news */
function told(news) {
  if (news.state !== state) load().catch(failed);
}

/** @param {string} text */
function say(text) {
  said.textContent = text;
}

function clear() {
  fault.textContent = "";
  done.hidden = true;
}

// --- which photos

function filter() {
  const was = grid.item;
  const wish = { order: order.value, show: show.value, split: split.value, label: label.value, name: named.value };
  const chosen = choose(photos, wish, (file) => marks.of(file));
  element("count", HTMLSpanElement).textContent = many(chosen.length);
  grid.show(chosen, chosen.findIndex(({ file }) => file === was?.file));
}

// --- what is done

async function apply() {
  clear();
  await marks.saved();
  const plan = await ask("plan");
  element("planned", HTMLDivElement).replaceChildren(...planned(plan));
  button("go").hidden = plan.moves.length === 0;
  button("go").textContent = `Move ${many(plan.moves.length)}`;
  if (!(await answered("plan"))) return;
  const { moved: count } = await ask("apply", { digest: plan.digest });
  await load();
  finished(`${many(count)} moved. Train again to see what it did: ${again}`);
}

async function restore() {
  clear();
  const count = applied.at(-1) ?? 0;
  element("what-back", HTMLParagraphElement).textContent = `${many(count)} will be moved back where they were, and marked as before.`;
  if (!(await answered("back"))) return;
  const { moved: back, left } = await ask("restore", { state });
  await load();
  finished([`${many(back)} moved back.`, ...left].join(" "));
}

/** Whether a dialog was left with its first choice. @param {string} id */
function answered(id) {
  const asked = dialog(id);
  asked.returnValue = "";
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => resolve(asked.returnValue === "go"), { once: true });
  });
}

/** @param {string} text */
function finished(text) {
  done.textContent = text;
  done.hidden = false;
  say(text);
  box.focus();
}

function enlarge() {
  const photo = grid.item;
  if (!photo) return;
  element("large-title", HTMLHeadingElement).textContent = photo.file;
  element("large-picture", HTMLImageElement).src = address("views", photo);
  dialog("large").showModal();
}

// --- the beginning

async function load() {
  const all = await ask("photos");
  ({ photos, labels, state, applied, again } = all);
  marks.begin(all);
  element("name", HTMLSpanElement).textContent = all.name;
  document.title = `Clean ${all.name}`;
  button("restore").hidden = applied.length === 0;
  const chosen = label.value;
  label.replaceChildren(new Option("all", ""), ...labels.map((name) => new Option(name)));
  label.value = chosen;
  other.replaceChildren(new Option("choose", ""), ...labels.map((name) => new Option(name)));
  element("others", HTMLDivElement).hidden = labels.length <= DIGITS.length;
  element("labels", HTMLDivElement).replaceChildren(...labels.slice(0, DIGITS.length).map(labelButton));
  filter();
  changed("");
}

/** @param {string} name @param {number} at */
function labelButton(name, at) {
  const made = document.createElement("button");
  made.type = "button";
  made.dataset.label = name;
  made.setAttribute("aria-keyshortcuts", DIGITS[at]);
  const key = document.createElement("kbd");
  key.textContent = DIGITS[at];
  made.append(key, ` ${name}`);
  made.addEventListener("click", () => decide("relabel", name));
  return made;
}

button("keep").addEventListener("click", () => decide("keep"));
button("delete").addEventListener("click", () => decide("delete"));
other.addEventListener("change", () => other.value && decide("relabel", other.value));
button("undo").addEventListener("click", undo);
button("apply").addEventListener("click", () => apply().catch(failed));
button("restore").addEventListener("click", () => restore().catch(failed));
button("help").addEventListener("click", () => dialog("keys").showModal());
button("larger").addEventListener("click", enlarge);
for (const each of [order, show, split, label]) each.addEventListener("change", filter);
named.addEventListener("input", filter);
named.form?.addEventListener("submit", (event) => event.preventDefault());
for (const [kind, broken] of /** @type {const} */ ([["load", false], ["error", true]])) {
  element("picture", HTMLImageElement).addEventListener(kind, ({ target }) => {
    if (target instanceof HTMLImageElement) target.hidden = broken;
    element("undrawn", HTMLSpanElement).hidden = !broken;
  });
}
// Whoever clicked goes on with keys among the photos, where space does not press that button again.
document.querySelector(".marks")?.addEventListener("click", (event) => event instanceof MouseEvent && event.detail && box.focus());
window.addEventListener("focus", () => marks.refresh());
window.addEventListener("beforeunload", (event) => marks.unsaved && event.preventDefault());
filters.open = matchMedia("(min-width: 52rem)").matches;

listen(grid, letters, {
  keep: () => decide("keep"),
  delete: () => decide("delete"),
  label: (digit) => labels[digit] !== undefined && digit < DIGITS.length && decide("relabel", labels[digit]),
  other: () => other.focus(),
  undo,
  enlarge,
  find() {
    filters.open = true;
    named.focus();
  },
  help: () => dialog("keys").showModal(),
});
load().then(() => {
  grid.go(grid.items.findIndex(({ file }) => !marks.of(file)));
  box.focus();
}, failed);
