// Asks again by itself where waiting helps: a bridge that sleeps is waited for, a busy model is asked a second time.

import { say } from "./words.js";

/**
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Told} Told
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {(told: Told, cancelled: AbortSignal) => Promise<void>} Present waits until somebody looks at the page and there is a line
 * @typedef {{bridge: string, contract: Contract, told: Told, cancelled: AbortSignal, present: Present}} Asked
 */

// As the bridge itself asks after a Space that wakes: see api_bridge/waking.py.
export const POLLS = 25; // at most, for one question
const LONGEST = 240_000; // milliseconds of waiting and asking; nobody looking or no line is no waiting
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 12_500; // and up to a fifth more
const ONE_POLL = 10_000;
const SOON = 60; // seconds after which a busy model is worth being asked again by itself

/**
 * What becomes of a question whose first try ended with `fault`. It is sent twice more at most: when the bridge
 * has woken, and when a busy model has time again.
 * @param {Fault} fault
 * @param {() => Promise<Answer | Fault>} ask
 * @param {Asked} asked
 * @returns {Promise<Answer | Fault>}
 */
export async function patiently(fault, ask, asked) {
  const { contract, told, cancelled, present } = asked;
  /** @type {Answer | Fault} */
  let last = fault;
  if (fault.kind !== "space-busy") {
    if (!(await awake(asked))) return { kind: "bridge-unreachable", detail: say("fault.bridge-unreachable"), retryable: true };
    told("again", {});
    last = await ask();
  }
  if (!("kind" in last) || !worthwhile(last, contract)) return last;
  told("busy", { eta: last.after });
  await pause(Number(last.after) * 1000, cancelled);
  await present(told, cancelled);
  if (cancelled.aborted) return last;
  told("again", {});
  return ask();
}

/** Whether the model is busy, says until when, and takes no harm from being asked twice. @param {Fault} fault @param {Contract} contract */
function worthwhile({ kind, after = Infinity }, { steps }) {
  return kind === "space-busy" && after <= SOON && Object.values(steps).every(({ pure }) => pure);
}

/** Wait until the bridge is awake, or not any longer; resolves to whether it is. @param {Asked} asked */
async function awake({ bridge, told, cancelled, present }) {
  let left = LONGEST;
  for (let polls = 0; polls < POLLS; polls++) {
    const wait = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 1.3 ** polls) * (1 + Math.random() / 5);
    told("away", {});
    await pause(wait, cancelled);
    await present(told, cancelled);
    told("away", {});
    left -= wait;
    if (cancelled.aborted || left <= 0) return false;
    const begun = performance.now();
    if (await alive(bridge, AbortSignal.any([cancelled, AbortSignal.timeout(Math.min(left, ONE_POLL))]))) return true;
    left -= performance.now() - begun;
  }
  return false;
}

/** @param {string} bridge @param {AbortSignal} signal */
async function alive(bridge, signal) {
  try {
    const response = await fetch(`${bridge}/healthz`, { cache: "no-store", credentials: "omit", signal });
    return response.ok && (await response.json()).alive === true;
  } catch {
    return false;
  }
}

/** @param {number} wait milliseconds @param {AbortSignal} signal ends it early @returns {Promise<void>} */
function pause(wait, signal) {
  return new Promise((done) => {
    const over = setTimeout(done, wait);
    signal.addEventListener("abort", () => done(clearTimeout(over)));
    if (signal.aborted) done(clearTimeout(over));
  });
}
