// The examples of a page, each at a place of its own, and the way back from one to the question that a visitor left for it.

import { render } from "../vendor/preact-htm.js";
import { keep } from "./form.js";
import { saved } from "./routes.js";
import { reminder } from "./view.js";

/** @typedef {import("./demo.js").Demo} Demo */

/** Show the example that the address names; a bare address shows none, and another place on the page changes nothing. @param {Demo} demo */
export async function openPlace(demo) {
  const { hash } = location;
  if (hash.startsWith("#?")) return fillFromAddress(demo);
  const example = demo.contract.examples.find(({ name }) => `#${name}` === hash);
  if (!example) return hash ? undefined : close(demo);
  leave(demo);
  mark(demo, example.name);
  const input = located(example.input, demo.home);
  demo.fill(input, example.alt ?? example.title);
  if (!demo.draw) demo.show({ name: "idle", ready: true }); // what draws it is still on its way
  if (!(await demo.prepare())) return void demo.broken();
  if (location.hash !== hash || demo.left.aborted) return undefined; // another was opened meanwhile
  const given = Object.values(input).flat().filter((each) => each?.file);
  const photos = given.map(({ file }) => ({ url: file, name: file.split("/").pop() }));
  demo.show({ name: "answered", answer: saved(example, demo.home), photos, ...demo.more() });
  return reveal(demo);
}

/** Fill the form as the address says. @param {Demo} demo */
async function fillFromAddress(demo) {
  const { fillFrom } = await import("./link.js");
  if (fillFrom(demo.fields, demo.contract, location.hash)) demo.show({ name: "idle", ready: true });
}

/** The example that was shown is not any more; what the visitor gave stays. @param {Demo} demo */
function close(demo) {
  if (demo.asking?.back) return back(demo);
  if (!demo.main.querySelector(".examples [aria-current]")) return;
  mark(demo, null);
  demo.forget();
  demo.fill({}, "");
  demo.show({ name: "idle", ready: false });
}

/** A question goes on while an example is looked at, and an answer stays to be had; the form is kept to be put back. @param {Demo} demo */
function leave(demo) {
  const { state, changed } = demo;
  if (state.name === "answered" && state.answer.route !== "saved" && !demo.asking) {
    demo.asking = { ending: new AbortController(), begun: 0, photos: state.photos ?? [], ended: state.answer };
  }
  if (!demo.asking || demo.asking.back) return;
  const kept = keep(demo.fields);
  const example = demo.main.querySelector(".examples [aria-current]")?.id.replace("example-", "") ?? null;
  demo.asking.back = () => {
    kept();
    demo.changed = changed;
    mark(demo, example);
  };
  remind(demo);
}

/** Go back to the question that was left for an example: its form, and its answer if that has come. @param {Demo} demo */
function back(demo) {
  const { asking } = demo;
  if (!asking?.back) return;
  asking.back();
  asking.back = undefined;
  demo.button.focus({ preventScroll: true });
  remind(demo);
  if (asking.ended) demo.finish(asking.ended);
  else demo.wait();
  reveal(demo);
}

/** Say how the visitor's own question is, while they look at something else. @param {Demo} demo */
export function remind(demo) {
  render(demo.asking?.back ? reminder(demo.asking.ended, () => back(demo)) : null, demo.reminder);
}

/** Bring the photo and what is said of it into view, or at least the latter. @param {Demo} demo */
function reveal({ main, region }) {
  const place = /** @type {HTMLElement} */ (main.querySelector(".demo"));
  // Of what is higher than the window, the nearest end would be the wrong one: the photo is at its beginning.
  place.scrollIntoView({ block: place.offsetHeight > innerHeight ? "start" : "nearest" });
  if (isLow(region)) place.scrollIntoView();
  uncover(region);
}

/** Bring what is said into view where it is out of sight, or nearly. @param {HTMLElement} region */
export function uncover(region) {
  if (isLow(region)) region.parentElement?.scrollIntoView();
}

/** @param {HTMLElement} region */
function isLow(region) {
  return region.getBoundingClientRect().top > innerHeight * 0.8;
}

/** Mark the example that is shown, and no other. @param {Demo} demo @param {string | null} name */
export function mark({ main }, name) {
  for (const link of main.querySelectorAll(".examples a")) link.removeAttribute("aria-current");
  if (name !== null) main.querySelector(`#example-${name}`)?.setAttribute("aria-current", "true");
  const place = name === null ? "" : `#${name}`;
  if (main.isConnected && location.hash !== place) history.replaceState(history.state, "", location.pathname + place);
}

/** An example's input, its files where they are. @param {any} value @param {string} home @returns {any} */
function located(value, home) {
  if (Array.isArray(value)) return value.map((each) => located(each, home));
  if (typeof value !== "object" || !value) return value;
  if ("media" in value && typeof value.file === "string") return { ...value, file: home + value.file };
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, located(each, home)]));
}
