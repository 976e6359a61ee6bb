// Starts a page, and goes from page to page without a reload. Who leaves a question behind finds it again, or its answer.

import { Demo } from "./demo.js";

const { base = "/", home = "/" } = document.body.dataset;
const KEPT = 5; // pages that were left and may be come back to as they were

/** The page that is shown: its address without the place on it. */
let shown = location.pathname;
let visits = 0;

/**
 * A page that was brought to life, and what ends it: its listeners and its questions.
 * @typedef {{main: HTMLElement, title: string, ending: AbortController, demo?: Demo}} Alive
 * @type {Map<string, Alive>} by their addresses, the one that is shown last
 */
const alive = new Map();

/** Bring the page that is shown to life. */
async function start() {
  const here = { main: find("main"), title: document.title, ending: new AbortController() };
  const { signal } = here.ending;
  alive.set(shown, here.main.querySelector("form") ? { ...here, demo: new Demo(here.main, signal) } : here);
  if (here.main.querySelector("[data-live]")) (await import("./status.js")).askAll(here.main, signal);
}

/** Let go of pages that have nothing of the visitor's, and of the oldest. */
function forget() {
  for (const [address, { ending, demo }] of alive) {
    if (demo && alive.size <= KEPT) continue;
    ending.abort();
    alive.delete(address);
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
    .then((text) => new DOMParser().parseFromString(trusted(text), "text/html"), () => null);
  if (turn !== visits) return; // the reader has gone elsewhere meanwhile
  const before = alive.get(shown);
  const next = before?.main ?? page?.querySelector("main");
  const footer = page?.querySelector("footer");
  if (!page || !next || !footer) return location.assign(address); // the browser says best why it can not
  const swap = () => {
    if (turn !== visits) return;
    alive.delete(shown); // so that it is the last again, and is not let go of
    forget();
    find("main").dispatchEvent(new Event("away"));
    find("main").replaceWith(next);
    find("footer").replaceWith(footer); // it leads to this very page in other languages
    document.title = page.title;
    if (before) alive.set(shown, before);
    else start();
    scrollTo(0, scroll);
    const title = next.querySelector("h1");
    title?.setAttribute("tabindex", "-1");
    title?.focus({ preventScroll: true });
  };
  if (document.startViewTransition && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
    await document.startViewTransition(swap).updateCallbackDone;
  } else swap();
}

/** What this site's own server sends, vouched for where the browser asks for that. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("pages", {
  createHTML: (/** @type {string} */ text) => text,
  createScriptURL: (/** @type {string} */ address) => (address === `${base}sw.js` ? address : ""),
});
const trusted = (/** @type {string} */ text) => policy?.createHTML(text) ?? text;

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const here = link.origin === location.origin && link.pathname.startsWith(home);
  if (!here || link.hreflang || link.download || outdated) return; // another language is another page from its head on
  if (link.pathname === location.pathname) return; // a place on this page is the browser's to find
  event.preventDefault();
  history.scrollRestoration = "manual";
  history.replaceState({ scroll: scrollY }, "");
  history.pushState({ scroll: 0 }, "", link.href);
  visit(link.href, 0);
});

addEventListener("popstate", (event) => {
  if (location.pathname !== shown) visit(location.href, event.state?.scroll ?? 0);
});
// Nobody can follow a link on paper: the address is printed with the page.
addEventListener("beforeprint", () => (find("header").dataset.address = location.href));
// A reload is the browser's to scroll; only between pages of this site do we know better.
addEventListener("pagehide", () => {
  history.scrollRestoration = "auto";
});

// --- pages are kept for when there is no line, and a newer site takes the place of this one as soon as it costs nobody anything

let outdated = false; // from the next page on, the newer one is shown
let touched = false; // what was given would be lost by a reload

/** @param {ServiceWorkerContainer} workers */
function keepPages(workers) {
  let kept = Boolean(workers.controller);
  workers.register(policy?.createScriptURL(`${base}sw.js`) ?? `${base}sw.js`, { scope: base }).then((keeper) => {
    document.addEventListener("visibilitychange", () => document.hidden || keeper?.update().catch(() => null));
  }, () => null); // a browser that keeps nothing shows the pages all the same
  workers.addEventListener("controllerchange", () => {
    outdated = kept;
    if (outdated && !touched) location.reload();
    if (kept) return;
    kept = true;
    // What came before the worker it has not seen: this page, and the first one, which an installed app opens.
    const came = performance.getEntriesByType("resource").map(({ name }) => name);
    workers.controller?.postMessage([location.href.split("#")[0], new URL(home, location.href).href, ...came]);
  });
}

for (const event of ["input", "change", "drop", "paste", "submit"]) document.addEventListener(event, () => (touched = true), { once: true });
if (navigator.serviceWorker) keepPages(navigator.serviceWorker);

start();
