// The graph in a browser, asked by what asks it on a visitor's device: see training/parity.py.

// @ts-ignore: it is served here by the program that asks, as is the next
import { RUNTIME } from "./js/device.js";
// @ts-ignore
import { asked } from "./js/worker.js";

const never = new AbortController().signal;

/**
 * Have a model ready.
 * @param {import("../../site/js/stored.js").Thing} model
 */
function prepare(model) {
  return asked("prepare", { runtime: RUNTIME, models: [model], cache: "parity" }, never);
}

/**
 * The probabilities for what stands at a place of the list.
 * @param {string} model its address
 * @param {number} place
 */
async function ask(model, place) {
  const answer = await fetch(`./asked/${place}`);
  const form = answer.headers.get("Content-Type")?.startsWith("application/json");
  const given = form ? await answer.json() : { photo: { number: place, blob: await answer.blob() } };
  return (await asked("ask", { model, ...given }, never)).probabilities;
}

Object.assign(window, { prepare, ask });
