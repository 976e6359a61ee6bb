// Starts a page: its form, its examples, and the way from page to page without a reload.

import { render } from "../vendor/preact-htm.js";
import { checkInput } from "./contract.js";
import { photoField } from "./form.js";
import { ask, saved } from "./routes.js";
import { answer } from "./view.js";

/**
 * @typedef {import("./view.js").State} State
 * @typedef {import("./form.js").Photo} Photo
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").FileDescription} FileDescription
 */

/** The page that is shown: its address without the place on it. */
let shown = location.pathname;
let visits = 0;

/** What ends with the page that is shown: its listeners and its questions. */
let leaving = new AbortController();

/** Bring the page that is shown to life. */
function start() {
  leaving = new AbortController();
  if (document.querySelector("form")) new Demo(leaving.signal);
}

/** A demo's page: its photo, its question, its examples. */
class Demo {
  main = find("main");
  region = find("#answer");
  button = find("form button");
  frame = find(".frame");
  /** @type {Contract} */
  contract = JSON.parse(find("#contract").textContent ?? "");
  field = this.frame.dataset.field ?? "";
  /** @type {Photo | null} */
  photo = null;
  /** @type {AbortController | null} */
  asking = null;
  slow = 0;

  /** @param {AbortSignal} left aborted when the page is left */
  constructor(left) {
    this.left = left;
    this.region.replaceChildren(); // from here on Preact's
    this.show({ name: "idle", ready: false });
    this.photos = photoField(this.frame, left, (offered) => this.offer(offered));
    find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    // Opening the same example again changes no address, so the click itself opens it.
    this.main.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest(".examples a");
      if (!link || /** @type {HTMLAnchorElement} */ (link).hash !== location.hash) return;
      event.preventDefault();
      this.open();
    });
    addEventListener("hashchange", () => this.open(), { signal: left });
    left.addEventListener("abort", () => this.forget());
    this.open();
  }

  /** @param {State} state */
  show(state) {
    const focused = this.region.contains(document.activeElement);
    clearTimeout(this.slow);
    this.main.dataset.state = state.name;
    this.button.setAttribute("aria-disabled", String(state.name === "waiting"));
    render(answer(this.contract, state), this.region);
    if (focused && !this.region.contains(document.activeElement)) this.button.focus();
  }

  /** Stop waiting for an answer nobody wants any more. */
  forget() {
    this.asking?.abort();
    this.asking = null;
  }

  /** Take a photo that was given, or say what is wrong with it; the one before stays. @param {Photo | Fault} offered */
  offer(offered) {
    const fault = "kind" in offered ? offered : checkInput(this.contract, { [this.field]: offered.about });
    this.forget();
    if (fault || "kind" in offered) {
      if (fault) this.show({ name: "failed", fault, kept: this.photo !== null });
      return false;
    }
    this.photo = offered;
    this.show({ name: "idle", ready: true });
    this.mark(null);
    return true;
  }

  async submit() {
    await this.photos.settled();
    if (this.asking || this.left.aborted) return;
    const { photo, field } = this;
    const fault = checkInput(this.contract, photo ? { [field]: photo.about } : {});
    if (fault) this.show({ name: "failed", fault, kept: false });
    if (fault || !photo) return find(".frame input").focus();
    const mine = (this.asking = new AbortController());
    this.wait(false);
    this.slow = setTimeout(() => this.wait(true), 8_000);
    const told = await ask(this.main.dataset.bridge ?? "", this.contract, field, photo.read, mine.signal);
    if (this.asking !== mine) return; // cancelled, or another question took its place
    this.asking = null;
    this.show("kind" in told ? { name: "failed", fault: told, kept: true } : { name: "answered", answer: told });
  }

  /** @param {boolean} long */
  wait(long) {
    const cancel = () => {
      this.forget();
      this.show({ name: "idle", ready: true });
    };
    this.show({ name: "waiting", long, cancel });
  }

  /** Show the example that the address names; a bare address shows none. */
  open() {
    const example = this.contract.examples.find(({ name }) => `#${name}` === location.hash);
    if (!example) return this.close();
    const picture = /** @type {HTMLImageElement} */ (this.mark(example.name)?.querySelector("img"));
    this.forget();
    this.photos.show(picture.src, picture.alt);
    // Fetched only when asked about: the saved answer needs no more than the picture that is there.
    this.photo = {
      about: /** @type {FileDescription} */ (example.input[this.field]),
      read: () => fetch(picture.src).then((response) => response.blob()),
    };
    this.show({ name: "answered", answer: saved(example) });
    const demo = find(".demo");
    demo.scrollIntoView({ block: "nearest" });
    if (this.region.getBoundingClientRect().top > innerHeight * 0.8) demo.scrollIntoView();
  }

  /** The example that was shown is not any more; a photo of the visitor's own stays. */
  close() {
    if (!document.querySelector(".examples [aria-current]")) return;
    this.mark(null);
    this.forget();
    this.photo = null;
    this.photos.show(null, "");
    this.show({ name: "idle", ready: false });
  }

  /** Mark the example that is shown, and no other. @param {string | null} name */
  mark(name) {
    for (const link of document.querySelectorAll(".examples a")) link.removeAttribute("aria-current");
    if (name === null) {
      if (location.hash) history.replaceState(history.state, "", location.pathname);
      return null;
    }
    const link = find(`#example-${name}`);
    link.setAttribute("aria-current", "true");
    return link;
  }
}

/** @param {string} selector @returns {HTMLElement} */
function find(selector) {
  const element = document.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`This page has no ${selector}.`);
  return element;
}

/**
 * Put another page of this site in the place of this one, without a reload.
 * @param {string} address
 * @param {number} scroll where the reader was on it
 */
async function visit(address, scroll) {
  shown = location.pathname;
  const turn = ++visits;
  const page = await fetch(address)
    .then((response) => response.text())
    .then((text) => new DOMParser().parseFromString(text, "text/html"), () => null);
  if (turn !== visits) return; // the reader has gone elsewhere meanwhile
  const next = page?.querySelector("main");
  if (!page || !next) return location.assign(address); // the browser says best why it can not
  const swap = () => {
    if (turn !== visits) return;
    leaving.abort();
    find("main").replaceWith(next);
    document.title = page.title;
    start();
    scrollTo(0, scroll);
    const title = next.querySelector("h1");
    title?.setAttribute("tabindex", "-1");
    title?.focus({ preventScroll: true });
  };
  if (document.startViewTransition && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    await document.startViewTransition(swap).updateCallbackDone;
  } else swap();
}

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const here = link.origin === location.origin && link.pathname.startsWith(document.body.dataset.base ?? "/");
  if (!here || link.pathname === location.pathname) return; // a place on this page is the browser's to find
  event.preventDefault();
  history.scrollRestoration = "manual";
  history.replaceState({ scroll: scrollY }, "");
  history.pushState({ scroll: 0 }, "", link.href);
  visit(link.href, 0);
});

addEventListener("popstate", (event) => {
  if (location.pathname !== shown) visit(location.href, event.state?.scroll ?? 0);
});
// A reload is the browser's to scroll; only between pages of this site do we know better.
addEventListener("pagehide", () => {
  history.scrollRestoration = "auto";
});

start();
