// Starts a page: its form, its examples, and the way from page to page without a reload.

import { render } from "../vendor/preact-htm.js";
import { checkInput, describe } from "./contract.js";
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

/** What ends with the page that is shown: its listeners and its questions. */
let leaving = new AbortController();

/** Bring the demo on this page to life; other pages need nothing. */
function start() {
  leaving = new AbortController();
  const main = find("main");
  const form = document.querySelector("form");
  if (!form) return;
  /** @type {Contract} */
  const contract = JSON.parse(find("#contract").textContent ?? "");
  const region = find("#answer");
  region.replaceChildren(); // from here on Preact's
  /** @type {Photo | null} */
  let photo = null;
  /** @type {AbortController | null} */
  let asking = null;

  /** @param {State} state */
  function show(state) {
    main.dataset.state = state.name;
    find("form button").setAttribute("aria-disabled", String(state.name === "waiting"));
    render(answer(contract, state), region);
  }

  /** Stop waiting for an answer nobody wants any more. */
  function forget() {
    asking?.abort();
    asking = null;
  }

  const frame = find(".frame");
  const field = frame.dataset.field ?? "";
  const photos = photoField(frame, (offered) => {
    const fault = checkInput(contract, { [field]: offered.about });
    forget();
    show(fault ? { name: "failed", fault } : { name: "idle" });
    if (fault) return false; // the photo that was there stays
    photo = offered;
    mark(null);
    return true;
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (asking) return;
    const fault = checkInput(contract, photo ? { [field]: photo.about } : {});
    if (fault || !photo) {
      if (fault) show({ name: "failed", fault });
      return find(".frame input").focus();
    }
    const mine = (asking = new AbortController());
    show({ name: "waiting", cancel: () => (forget(), show({ name: "idle" }), find("form button").focus()) });
    const input = new FormData();
    input.append(field, photo.blob);
    try {
      const told = await ask(main.dataset.bridge ?? "", contract, input, AbortSignal.any([mine.signal, leaving.signal]));
      if (asking !== mine) return;
      asking = null;
      show("kind" in told ? { name: "failed", fault: told } : { name: "answered", answer: told });
    } catch {
      // Cancelled, or the page was left: whoever did that has shown what comes next.
    }
  });

  /** Show the example that the address names. */
  async function open() {
    const example = contract.examples.find(({ name }) => `#${name}` === location.hash);
    if (!example) return;
    const link = mark(example.name);
    const picture = /** @type {HTMLImageElement} */ (link?.querySelector("img"));
    forget();
    photos.show(picture.src, picture.alt);
    show({ name: "answered", answer: saved(example) });
    region.scrollIntoView({ block: "nearest" });
    photo = null;
    const blob = await fetch(picture.src).then((response) => response.blob(), () => null);
    if (blob && location.hash === `#${example.name}` && !photo) {
      photo = { blob, about: await describe(blob) };
    }
  }

  // Opening the same example again changes no address, so the click itself opens it.
  find("main").addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest(".examples a");
    if (link && /** @type {HTMLAnchorElement} */ (link).hash === location.hash) {
      event.preventDefault();
      open();
    }
  });
  addEventListener("hashchange", open, { signal: leaving.signal });
  document.addEventListener("paste", photos.paste, { signal: leaving.signal });
  show({ name: "idle" });
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
  let page;
  shown = location.pathname;
  try {
    const response = await fetch(address);
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return location.assign(address); // the browser says best why it can not
  }
  const next = page.querySelector("main");
  if (!next) return location.assign(address);
  const swap = () => {
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
  history.replaceState({ scroll: scrollY }, "");
  history.pushState({ scroll: 0 }, "", link.href);
  visit(link.href, 0);
});

addEventListener("popstate", (event) => {
  if (location.pathname !== shown) visit(location.href, event.state?.scroll ?? 0);
});
history.scrollRestoration = "manual";

start();
