// The route "device": the same graph, asked in a worker of this page, so that nothing of what was given leaves it. Fetched only by who chooses it.
//
// The page names the models that its steps need: {DEMO: {address, size, sha256, labels, fields?}}. `fields` are a table's in their
// order, those with an `enum` being choices.

import { problems } from "./contract.js";
import { planned, run } from "./pipeline.js";
import { asked, fault } from "./worker.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./routes.js").Told} Told
 * @typedef {import("./heat.js").Looked} Looked
 * @typedef {import("./stored.js").Thing} Thing
 * @typedef {import("./device_worker.js").Said} Said
 * @typedef {Thing & {labels: string[], fields?: Record<string, {enum?: any[]}>}} Model
 * @typedef {Record<string, Model>} Models by their demos
 * @typedef {Beside & {prediction: any, steps?: Record<string, import("./pipeline.js").Outcome>}} Here an answer of this device; `steps`: where one question is several
 *
 * @typedef {object} Beside what the page may say beside a prediction
 * @property {Looked} [looked] what the model looked at in the one photo of a demo of one step: heat.js draws it
 * @property {boolean} [shrunk] a photo was made smaller first, because memory was short
 */

/** What runs the graphs; its size is that on its way. */
export const RUNTIME = {
  address: new URL("../vendor/ort-wasm-simd-threaded.wasm.gz", import.meta.url).href,
  size: 3_659_927,
  sha256: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
};
const CACHE = `device ${new URL(".", import.meta.url).pathname}`; // of this site: another may share its origin

let numbers = 0;
/** @type {WeakMap<Blob, number>} */
const photos = new WeakMap();
/** @type {WeakMap<Blob, Map<string, Promise<Said>>>} the same photo is asked about once: a slider only draws anew */
const known = new WeakMap();
/** @type {WeakMap<Contract, string[]>} the addresses of what was drawn for the latest question of each page, which has a contract of its own */
const drawn = new WeakMap();
const left = new FinalizationRegistry(giveBack);

/** Whether this browser, and these models, can answer a demo. @param {Contract} contract @param {Models} models */
export function able(contract, models) {
  const { Worker, WebAssembly, OffscreenCanvas, DecompressionStream, caches, crypto } = globalThis;
  const browser = [Worker, WebAssembly, OffscreenCanvas, DecompressionStream, caches, crypto.subtle, navigator.locks];
  return browser.every(Boolean) && modelsOf(contract, models).every(Boolean);
}

/** The models of a demo's steps, each once. @param {Contract} contract @param {Models} models */
function modelsOf(contract, models) {
  return [...new Set(Object.keys(contract.steps).map((step) => modelOf(contract, models, step)))];
}

/** @param {Contract} contract @param {Models} models @param {string} step */
function modelOf(contract, models, step) {
  return models[contract.steps[step].demo ?? contract.demo];
}

/**
 * The bytes that have to be fetched before this demo can answer here, where it is able to, and whether all of them are kept already.
 * @param {Contract} contract
 * @param {Models} models
 */
export async function weight(contract, models) {
  const wanted = modelsOf(contract, models);
  const cache = await caches.open(CACHE).catch(() => null);
  const kept = await Promise.all([RUNTIME, ...wanted].map(({ address }) => cache?.match(address).catch(() => null)));
  return { runtime: RUNTIME.size, models: wanted.reduce((sum, { size }) => sum + size, 0), kept: kept.every(Boolean) };
}

/**
 * Answer on this device; resolves to the answer or a fault, never rejects. A cancelled question's fault is nobody's to read.
 * @param {Contract} contract
 * @param {Models} models
 * @param {Record<string, any>} input by their fields' names; photos as blobs
 * @param {AbortSignal} cancelled
 * @param {Told} told hears "fetching" {loaded, total} and "step" events
 * @returns {Promise<Here | Fault>}
 */
export async function askHere(contract, models, input, cancelled, told) {
  if (!able(contract, models)) return fault("device-unable");
  const tell = (/** @type {string} */ event, /** @type {any} */ about) => cancelled.aborted || told(event, about);
  giveBack(drawnFor(contract)); // whoever asks anew sees the older answer no more
  try {
    const wanted = modelsOf(contract, models);
    await asked("prepare", { runtime: RUNTIME, models: wanted, cache: CACHE }, cancelled, (about) => tell("fetching", about));
    return await answered(contract, models, withDefaults(contract, input), cancelled, tell);
  } catch (problem) {
    return /** @type {Fault} */ (problem);
  }
}

/** @type {typeof askHere} */
async function answered(contract, models, input, cancelled, told) {
  const steps = planned(contract.steps);
  const alone = steps.length === 1;
  const plain = alone && !steps[0].each;
  /** @type {Beside} */
  const beside = {};
  const ask = async (/** @type {string} */ step, /** @type {Record<string, any>} */ given) => {
    const { endpoint } = contract.steps[step];
    const model = modelOf(contract, models, step);
    const asking = endpoint.endsWith("-look") ? looked(contract, model, given, cancelled) : judged(model, given, beside, cancelled);
    const prediction = await asking.catch((problem) => {
      throw problem.kind === "input-refused" ? { ...problem, field: fieldOf(input, photoIn(given)) } : problem;
    });
    const schema = alone ? contract.prediction : contract.prediction.properties[step];
    if (problems(schema.kind === "several" ? schema.items : schema, prediction).length) throw fault("contract-broken");
    return prediction;
  };
  const whole = await run(steps, input, ask, plain ? () => undefined : told);
  if (cancelled.aborted) return fault("cancelled");
  const failed = Object.values(whole.steps).find((each) => each.fault);
  if (!Object.keys(whole.prediction).length) return failed?.fault ?? fault("device-failed");
  if (alone) whole.prediction = whole.prediction[steps[0].name];
  return plain ? { ...beside, prediction: whole.prediction } : { shrunk: beside.shrunk, ...whole };
}

/** @param {Contract} contract @param {Record<string, any>} input */
function withDefaults({ input: { properties } }, input) {
  const defaults = Object.entries(properties).filter(([, field]) => "default" in field).map(([name, field]) => [name, field.default]);
  return { ...Object.fromEntries(defaults), ...input };
}

/** The field that a photo is from. @param {Record<string, any>} input @param {Blob | undefined} photo */
function fieldOf(input, photo) {
  return Object.keys(input).find((name) => [input[name]].flat().includes(photo));
}

/** What a model says, as the contract has it. @param {Model} model @param {Record<string, any>} given @param {Beside} beside @param {AbortSignal} cancelled */
async function judged(model, given, beside, cancelled) {
  const said = await saidOf(model, given, cancelled);
  const confidences = model.labels.map((label, at) => ({ label, confidence: said.probabilities[at] }));
  confidences.sort((a, b) => b.confidence - a.confidence);
  if (said.cam) beside.looked = mapOf(model, said);
  if (said.shrunk) beside.shrunk = true;
  return { label: confidences[0].label, confidences, familiarity: said.familiarity, unfamiliar: said.unfamiliar };
}

/** The photo, darker where the model did not look. @param {Contract} contract @param {Model} model @param {Record<string, any>} given @param {AbortSignal} cancelled */
async function looked(contract, model, given, cancelled) {
  const said = await saidOf(model, given, cancelled);
  const about = { looked: mapOf(model, said), label: given.label, strength: given.strength, photo: numbered(photoIn(given)) };
  const { blob, pixels } = await asked("look", about, cancelled);
  const file = URL.createObjectURL(blob);
  drawnFor(contract).push(file);
  return { media: blob.type, size: blob.size, pixels, file };
}

/** The addresses that a page holds; those of a page that is no more are given back with it. @param {Contract} contract */
function drawnFor(contract) {
  const before = drawn.get(contract);
  if (before) return before;
  /** @type {string[]} */
  const addresses = [];
  drawn.set(contract, addresses);
  left.register(contract, addresses);
  return addresses;
}

/** The browser keeps what an address leads to until it is told otherwise. @param {string[]} addresses */
function giveBack(addresses) {
  for (const address of addresses.splice(0)) URL.revokeObjectURL(address);
}

/** @param {Model} model @param {Said} said @returns {Looked} */
function mapOf({ labels }, { cam, side }) {
  return { cam: /** @type {Float32Array} */ (cam), side: /** @type {number} */ (side), labels };
}

/** @param {Model} model @param {Record<string, any>} given @param {AbortSignal} cancelled @returns {Promise<Said>} */
function saidOf(model, given, cancelled) {
  const photo = photoIn(given);
  if (!photo) return asked("ask", { model: model.address, ...filled(model, given) }, cancelled);
  const before = known.get(photo) ?? new Map();
  known.set(photo, before);
  const asking = before.get(model.address) ?? asked("ask", { model: model.address, photo: numbered(photo) }, cancelled);
  before.set(model.address, asking);
  asking.catch(() => before.delete(model.address));
  return asking;
}

/** A form's values as a table's graph takes them. @param {Model} model @param {Record<string, any>} given */
function filled({ fields = {} }, given) {
  const all = Object.entries(fields);
  return {
    numbers: all.filter(([, field]) => !field.enum).map(([name]) => given[name]),
    choices: all.filter(([, field]) => field.enum).map(([name, field]) => field.enum?.indexOf(given[name])),
  };
}

/** @param {Record<string, any>} given @returns {Blob | undefined} */
function photoIn(given) {
  return Object.values(given).find((value) => value instanceof Blob);
}

/** @param {Blob | undefined} blob @returns {import("./device_worker.js").Photo | undefined} */
function numbered(blob) {
  if (!blob) return undefined;
  const number = photos.get(blob) ?? ++numbers;
  photos.set(blob, number);
  return { number, blob };
}
