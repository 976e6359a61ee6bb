// Starts a page: its form, its examples, and the way from page to page without a reload.

import { render } from "../vendor/preact-htm.js";
import { checkInput } from "./contract.js";
import { photoField } from "./form.js";
import { ask, saved } from "./routes.js";
import { answer } from "./view.js";

/**
 * @typedef {import("./view.js").State} State
 * @typedef {import("./form.js").Photo} Photo
 * @typedef {import("./contract.js").Contract} Contract
 */

/** The page that is shown: its address without the place on it. */
let shown = location.pathname;
let visits = 0;

/** What ends with the page that is shown: its listeners and its questions. */
let leaving = new AbortController();

/** Bring the demo on this page to life; other pages need nothing. */
function start() {
  leaving = new AbortController();
  const left = leaving.signal;
  const form = document.querySelector("form");
  if (!form) return;
  const [main, region, button] = [find("main"), find("#answer"), find("form button")];
  /** @type {Contract} */
  const contract = JSON.parse(find("#contract").textContent ?? "");
  region.replaceChildren(); // from here on Preact's
  /** @type {Photo | null} */
  let photo = null;
  /** @type {AbortController | null} */
  let asking = null;
  let slow = 0;

  /** @param {State} state */
  function show(state) {
    const focused = region.contains(document.activeElement);
    clearTimeout(slow);
    main.dataset.state = state.name;
    button.setAttribute("aria-disabled", String(state.name === "waiting"));
    render(answer(contract, state), region);
    if (focused && !region.contains(document.activeElement)) button.focus();
  }

  /** Stop waiting for an answer nobody wants any more. */
  function forget() {
    asking?.abort();
    asking = null;
  }
  left.addEventListener("abort", forget);

  const frame = find(".frame");
  const field = frame.dataset.field ?? "";
  const photos = photoField(frame, left, (offered) => {
    const fault = "kind" in offered ? offered : checkInput(contract, { [field]: offered.about });
    if (fault) {
      // The photo that was there stays, and so does a question about it.
      if (!asking) show({ name: "failed", fault, kept: photo !== null });
      return false;
    }
    forget();
    photo = /** @type {Photo} */ (offered);
    show({ name: "idle", ready: true });
    mark(null);
    return true;
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await photos.settled();
    if (asking || left.aborted) return;
    const fault = checkInput(contract, photo ? { [field]: photo.about } : {});
    if (fault) show({ name: "failed", fault, kept: false });
    if (fault || !photo) return find(".frame input").focus();
    const mine = (asking = new AbortController());
    const wait = (/** @type {boolean} */ long) => show({ name: "waiting", long, cancel });
    wait(false);
    slow = setTimeout(wait, 8_000, true);
    const told = await ask(main.dataset.bridge ?? "", contract, field, photo.blob, mine.signal);
    if (asking !== mine) return; // cancelled, or another question took its place
    asking = null;
    show("kind" in told ? { name: "failed", fault: told, kept: true } : { name: "answered", answer: told });
  });

  function cancel() {
    forget();
    show({ name: "idle", ready: photo !== null });
  }

  /** Show the example that the address names; a bare address shows none. */
  function open() {
    const example = contract.examples.find(({ name }) => `#${name}` === location.hash);
    if (!example) {
      if (document.querySelector(".examples [aria-current]")) {
        mark(null);
        forget();
        photo = null;
        photos.show(null, "");
        show({ name: "idle", ready: false });
      }
      return;
    }
    const picture = /** @type {HTMLImageElement} */ (mark(example.name)?.querySelector("img"));
    forget();
    photos.show(picture.src, picture.alt);
    // Fetched only when asked about: the saved answer needs no more than the picture that is there.
    let blob;
    photo = {
      about: /** @type {any} */ (example.input[field]),
      get blob() {
        return (blob ??= fetch(picture.src).then((response) => response.blob()));
      },
    };
    show({ name: "answered", answer: saved(example) });
    find(".demo").scrollIntoView({ block: "nearest" });
    if (region.getBoundingClientRect().top > innerHeight * 0.8) find(".demo").scrollIntoView();
  }

  // Opening the same example again changes no address, so the click itself opens it.
  main.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest(".examples a");
    if (link && /** @type {HTMLAnchorElement} */ (link).hash === location.hash) {
      event.preventDefault();
      open();
    }
  });
  addEventListener("hashchange", open, { signal: left });
  show({ name: "idle", ready: false });
  open();
}

/** Mark the example that is shown, and no other. @param {string | null} name @returns {HTMLElement | null} */
function mark(name) {
  for (const link of document.querySelectorAll(".examples a")) link.removeAttribute("aria-current");
  if (name === null && location.hash) history.replaceState(history.state, "", location.pathname);
  if (name === null) return null;
  const link = find(`#example-${name}`);
  link.setAttribute("aria-current", "true");
  return link;
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
