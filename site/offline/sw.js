// Keeps the pages that a visitor has seen, so that they open without a line; brings what is newer as soon as there is one.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = `pages ${KEPT.base} ${KEPT.version}`;
// A static host sends no headers of our choosing. With this one a page's models run on several threads, and nothing else of it changes.
const POLICY = "Document-Isolation-Policy";
const SLOW = 4000; // milliseconds after which a page that is kept is better than a page that may come

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT.shell)).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(forget().then(() => worker.clients.claim()));
});

// A page that was there before this worker tells what it is made of.
worker.addEventListener("message", (event) => {
  const missed = event.data.filter((/** @type {string} */ address) => isOurs(new URL(address)));
  const keep = async (/** @type {string} */ address) => (await caches.match(address)) ?? fetched(new Request(address), event);
  event.waitUntil(Promise.allSettled(missed.map(keep)));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !isOurs(new URL(request.url))) return;
  // What is named after its content never changes.
  const answer = new URL(request.url).pathname.startsWith(`${KEPT.base}assets/`) ? kept(event) : newest(event);
  event.respondWith(/^(document|worker)$/.test(request.destination) ? answer.then(apart) : answer);
});

/** Whether an address is of this site; what runs on the device, device.js keeps itself. @param {URL} address */
function isOurs({ origin, pathname }) {
  return origin === location.origin && pathname.startsWith(KEPT.base) && !/\.(onnx|gz)$/.test(pathname);
}

/** @param {Response} response */
function apart(response) {
  if (response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  headers.set(POLICY, "isolate-and-credentialless");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/** Older versions are let go of; other sites may share this origin. */
async function forget() {
  const older = (await caches.keys()).filter((name) => name.startsWith(`pages ${KEPT.base} `) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

/** @param {FetchEvent} event */
async function kept(event) {
  return (await caches.match(event.request)) ?? fetched(event.request, event);
}

/** @param {FetchEvent} event */
async function newest(event) {
  const { request } = event;
  const fetching = fetched(request, event);
  const late = new Promise((done) => setTimeout(done, SLOW)).then(() => caches.match(request, { ignoreSearch: true }));
  const first = await Promise.race([fetching.catch(() => null), late]);
  return first ?? (await caches.match(request, { ignoreSearch: true })) ?? fetching;
}

/** Fetched, and kept beside it: where there is no room, and of parts of a film, nothing is. @param {Request} request @param {ExtendableEvent} event */
async function fetched(request, event) {
  const response = await fetch(request);
  if (response.status === 200) {
    const copy = response.clone();
    event.waitUntil(caches.open(CACHE).then((cache) => cache.put(request, copy)).catch(() => null));
  }
  return response;
}
