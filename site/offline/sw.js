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

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const ours = request.method === "GET" && origin === location.origin && pathname.startsWith(KEPT.base);
  // What runs on the device, device.js keeps itself.
  if (!ours || /\.(onnx|gz)$/.test(pathname)) return;
  // What is named after its content never changes.
  const answer = pathname.startsWith(`${KEPT.base}assets/`) ? kept(request) : newest(request);
  event.respondWith(/^(document|worker)$/.test(request.destination) ? answer.then(apart) : answer);
});

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

/** @param {Request} request */
async function kept(request) {
  return (await caches.match(request)) ?? fetched(request);
}

/** @param {Request} request */
async function newest(request) {
  const fetching = fetched(request);
  const late = new Promise((done) => setTimeout(done, SLOW)).then(() => caches.match(request, { ignoreSearch: true }));
  const first = await Promise.race([fetching.catch(() => null), late]);
  return first ?? (await caches.match(request, { ignoreSearch: true })) ?? fetching;
}

/** @param {Request} request */
async function fetched(request) {
  const response = await fetch(request);
  if (response.ok) await (await caches.open(CACHE)).put(request, response.clone());
  return response;
}
