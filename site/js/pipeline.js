// Several steps as one demo: the tiny language of `takes` and `when`, and who is asked when. The same verdicts as api_bridge/pipeline.py.

/**
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{source: string, name: string | null, each: boolean}} Reference `source`: "input", or a step's name; `name`: null for all a step predicted; `each`: one of several
 * @typedef {{reference: Reference, word: string, literal: any}} Comparison
 * @typedef {{name: string, takes: [string, Reference][], when: Comparison[], needs: string[], each?: string}} Step `each`: the parameter that is one of several
 * @typedef {{at: number, fault: Fault}} Missed one of several that was not answered
 * @typedef {{state: "answered" | "failed" | "skipped", took_ms?: number, fault?: Fault, failed?: Missed[]}} Outcome
 */

const REFERENCE = /^([a-z][a-z0-9_-]*)(?:\.([a-z][a-z0-9_]*)(\[\])?)?$/;
const COMPARISON = /([^ ]+) (>=|<=|>|<|==|!=) ("(?:[^"\\]|\\.)*"|[^ "]+)/y;
const AND = " and ";

/** @type {Record<string, (value: number, literal: number) => boolean>} */
const ORDERS = {
  ">": (value, literal) => value > literal,
  ">=": (value, literal) => value >= literal,
  "<": (value, literal) => value < literal,
  "<=": (value, literal) => value <= literal,
};

/**
 * A contract's steps, read; what they mean was checked when the contract was. Throws for words that are none of the language.
 * @param {Record<string, {takes: Record<string, string>, when?: string}>} steps
 * @returns {Step[]}
 */
export function planned(steps) {
  return Object.entries(steps).map(([name, { takes, when }]) => {
    /** @type {[string, Reference][]} */
    const taken = Object.entries(takes).map(([parameter, text]) => [parameter, referenceOf(text)]);
    const compared = when === undefined ? [] : comparisonsOf(when);
    const all = [...taken.map(([, reference]) => reference), ...compared.map(({ reference }) => reference)];
    const needs = [...new Set(all.map(({ source }) => source))].filter((source) => source !== "input");
    const each = taken.find(([, reference]) => reference.each)?.[0];
    return { name, takes: taken, when: compared, needs, each };
  });
}

/** @param {string} text @returns {Reference} */
function referenceOf(text) {
  const [, source, name, each] = REFERENCE.exec(text) ?? [];
  const input = source === "input";
  if (!source || (input && !name) || (each && !input)) throw new Error(`“${text}” is none of input.NAME, input.NAME[], STEP and STEP.NAME.`);
  return { source, name: name ?? null, each: Boolean(each) };
}

/** @param {string} text @returns {Comparison[]} */
function comparisonsOf(text) {
  const found = [];
  for (let at = 0; ; at = COMPARISON.lastIndex + AND.length) {
    COMPARISON.lastIndex = at;
    const [all, wanted, word, literal] = COMPARISON.exec(text) ?? [];
    if (!all) throw new Error(`“${text.slice(at)}” is no comparison.`);
    found.push({ reference: referenceOf(wanted), word, literal: literalOf(literal) });
    if (COMPARISON.lastIndex === text.length) return found;
    if (!text.startsWith(AND, COMPARISON.lastIndex)) throw new Error(`“${text.slice(COMPARISON.lastIndex)}” can not follow a comparison.`);
  }
}

/** @param {string} text */
function literalOf(text) {
  const literal = JSON.parse(text);
  if (sortOf(literal) === "array" || sortOf(literal) === "object" || Math.abs(literal) === Infinity) throw new Error(`“${text}” is nothing to compare with.`);
  return literal;
}

/** What stands at a reference; null for nothing. @param {Reference} reference @param {Record<string, any>} values the input, and each answered step's prediction */
function valueOf({ source, name }, values) {
  const found = values[source] ?? null;
  if (name === null) return found;
  if (sortOf(found) !== "object") return null;
  // A label's first confidence is its surest.
  if (name === "confidence" && !Object.hasOwn(found, name) && found.confidences?.length) return found.confidences[0].confidence ?? null;
  return Object.hasOwn(found, name) ? (found[name] ?? null) : null;
}

/** Whether a step is asked: all that it needs is there, and its `when` is true. @param {Step} step @param {Record<string, any>} values */
export function isDue({ takes, when, needs }, values) {
  const there = needs.every((name) => Object.hasOwn(values, name));
  const given = takes.every(([, reference]) => reference.source === "input" || valueOf(reference, values) !== null);
  return there && given && when.every((comparison) => holds(comparison, values));
}

/** What its endpoint is asked with; at the parameter `each`, all of the several. @param {Step} step @param {Record<string, any>} values */
export function taken({ takes }, values) {
  return Object.fromEntries(takes.map(([parameter, reference]) => [parameter, valueOf(reference, values)]));
}

/** Only numbers are greater or less than others. @param {Comparison} comparison @param {Record<string, any>} values */
function holds({ reference, word, literal }, values) {
  const value = valueOf(reference, values);
  if (word in ORDERS) return typeof value === "number" && ORDERS[word](value, literal);
  return (value === literal) === (word === "==");
}

/** A value's type as JSON has it. @param {any} value */
function sortOf(value) {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/**
 * Ask every step as soon as what it needs is there; those that need nothing of each other go at once.
 * @param {Step[]} steps
 * @param {Record<string, any>} input
 * @param {(step: string, given: Record<string, any>) => Promise<any>} ask gives a prediction, or throws a fault
 * @param {(event: string, about: any) => void} told hears "step" events
 * @returns {Promise<{prediction: Record<string, any>, steps: Record<string, Outcome>}>}
 */
export async function run(steps, input, ask, told) {
  /** @type {Record<string, any>} */
  const values = { input };
  /** @type {Map<string, Promise<Outcome>>} */
  const ended = new Map();
  const ending = (/** @type {Step} */ step) => {
    const known = ended.get(step.name) ?? end(step);
    ended.set(step.name, known);
    return known;
  };

  /** @param {Step} step @returns {Promise<Outcome>} */
  async function end(step) {
    await Promise.all(steps.filter(({ name }) => step.needs.includes(name)).map(ending));
    const say = (/** @type {any} */ about) => told("step", { step: step.name, ...about });
    if (!isDue(step, values)) {
      say({ state: "skipped" });
      return { state: "skipped" };
    }
    const begun = performance.now();
    say({ state: "asking" });
    const given = taken(step, values);
    /** @type {Missed[]} */
    const failed = [];
    const ended = await asked(step.each ? askEach(step, given, ask, say, failed) : ask(step.name, given));
    if ("prediction" in ended) values[step.name] = ended.prediction;
    say(ended);
    const { state, fault } = ended;
    const took_ms = Math.round((performance.now() - begun) * 10) / 10;
    return { state, took_ms, ...(fault ? { fault } : failed.length && { failed }) };
  }

  const outcomes = await Promise.all(steps.map(async (step) => [step.name, await ending(step)]));
  delete values.input;
  return { prediction: values, steps: Object.fromEntries(outcomes) };
}

/**
 * One after the other, each told as it comes; null stands for what failed, unless all of them did.
 * @param {Step} step
 * @param {Record<string, any>} given
 * @param {(step: string, given: Record<string, any>) => Promise<any>} ask
 * @param {(about: any) => void} say
 * @param {Missed[]} failed takes those that failed
 */
async function askEach({ name, each = "" }, given, ask, say, failed) {
  const all = [];
  for (const [at, value] of given[each].entries()) {
    say({ state: "asking", at });
    all.push(await asked(ask(name, { ...given, [each]: value })));
    say({ ...all[at], at });
    const { fault } = all[at];
    if (fault) failed.push({ at, fault });
  }
  if (all.length && failed.length === all.length) throw failed[0].fault;
  return all.map(({ prediction }) => prediction ?? null);
}

/** @param {Promise<any>} asking @returns {Promise<{state: "answered" | "failed", prediction?: any, fault?: Fault}>} */
function asked(asking) {
  return asking.then((prediction) => ({ state: "answered", prediction }), (fault) => ({ state: "failed", fault }));
}
