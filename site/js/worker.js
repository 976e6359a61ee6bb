// The page's one worker, which runs models: what it is asked to do, what it answers, and what is said when it comes to an end.

import { say } from "./words.js";

/**
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{done: (said: any) => void, failed: (fault: Fault) => void, arrived: (about: {loaded: number, total: number}) => void}} Waiting
 * @typedef {{worker: Worker, waiting: Map<number, Waiting>, alive: boolean}} Room
 */

const WORKER = new URL("./device_worker.js", import.meta.url).href;

/** What is said of each kind, and whether asking again may help. @type {Record<string, [string, boolean]>} */
const FAULTS = {
  "device-unable": [say("fault.device-unable"), false],
  "device-failed": [say("fault.device-failed"), true],
  "model-unfetched": [say("fault.model-unfetched"), true],
  "model-refused": [say("fault.model-refused"), false],
  "input-refused": [say("refused.damaged"), false],
  "contract-broken": [say("fault.contract-broken"), false],
};

/** @type {Room | null} */
let room = null;
let numbers = 0;

/** @param {string} kind @returns {Fault} a cancelled question's is nobody's to read */
export function fault(kind) {
  const [detail, retryable] = FAULTS[kind] ?? ["", true];
  return { kind, detail, retryable };
}

/**
 * Have the worker do something; rejects with a fault. What was cancelled is waited for no more, and what is left of it not begun.
 * @param {string} does
 * @param {any} about
 * @param {AbortSignal} cancelled
 * @param {Waiting["arrived"]} [arrived] hears of bytes
 * @returns {Promise<any>}
 */
export function asked(does, about, cancelled, arrived = () => undefined) {
  if (cancelled.aborted) return Promise.reject(fault("cancelled"));
  const { worker, waiting } = (room ??= opened());
  const id = ++numbers;
  return new Promise((done, failed) => {
    waiting.set(id, { done, failed, arrived });
    worker.postMessage({ id, does, about });
    cancelled.addEventListener("abort", () => {
      if (!waiting.delete(id)) return;
      worker.postMessage({ id, does: "stop" });
      failed(fault("cancelled"));
    });
  });
}

/** Open a worker. @returns {Room} */
function opened() {
  /** @type {Room} */
  const here = { worker: new Worker(vouched(), { type: "module" }), waiting: new Map(), alive: false };
  const { worker, waiting } = here;
  const name = `device ${crypto.randomUUID()}`;
  worker.addEventListener("error", () => close(here, here.alive ? "device-failed" : "model-unfetched"));
  worker.addEventListener("message", ({ data: { id, alive, kind, detail, said, loaded, total } }) => {
    // It holds a lock while it lives. Of its end for want of memory nobody else would tell.
    if (alive) navigator.locks.request(name, () => close(here, "device-failed"));
    if (alive) here.alive = true;
    const who = waiting.get(id);
    if (!who) return;
    if (total) return void who.arrived({ loaded, total });
    waiting.delete(id);
    if (!kind) return void who.done(said);
    console.warn(detail);
    who.failed(fault(kind));
    if (kind === "device-failed") close(here, kind); // what is left of its memory, nobody knows
  });
  worker.postMessage({ does: "live", about: name });
  return here;
}

/** The one address that may become a worker, where the browser asks for somebody to vouch for it. @returns {any} */
function vouched() {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  policy ??= trustedTypes?.createPolicy("device", { createScriptURL: () => WORKER });
  return policy ? policy.createScriptURL("") : WORKER;
}

/** @type {any} */
let policy = null;

/** End a worker; the next question opens another. @param {Room} here @param {string} kind what those are told who wait */
function close(here, kind) {
  here.worker.terminate();
  if (room === here) room = null;
  for (const { failed } of here.waiting.values()) failed(fault(kind));
  here.waiting.clear();
}
