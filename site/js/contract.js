// The contract's checker for the page: the same verdicts, in the same words, as api_bridge/contract.py.

/**
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{media: string, size: number, pixels?: number, file?: string}} FileDescription
 * @typedef {{path: string[], keyword: string, limit: any}} Problem
 * @typedef {Record<string, any>} Schema
 * @typedef {{label: string, confidences: {label: string, confidence: number}[]}} Prediction
 * @typedef {{name: string, title: string, alt?: string, input: Record<string, any>, prediction: Prediction}} Example
 * @typedef {{demo: string, revision: number, title: string, input: Schema, prediction: Schema, examples: Example[]}} Contract
 */

/**
 * The fault a visitor can mend, or null when the contract takes this input.
 * A file stands in it as its description.
 * @param {Contract} contract
 * @param {Record<string, any>} input
 * @returns {Fault | null}
 */
export function checkInput(contract, input) {
  const [problem] = problems(contract.input, withDefaults(contract, input));
  return problem ? refusal(contract, problem, input) : null;
}

/**
 * Whether a prediction is what was agreed.
 * @param {Contract} contract
 * @param {unknown} prediction
 */
export function predictionHolds(contract, prediction) {
  return problems(contract.prediction, prediction).length === 0;
}

/**
 * What the contract checks in a file's place: its media type by content, its size, its pixels.
 * @param {Blob} file
 * @param {number} [pixels]
 * @returns {Promise<FileDescription>}
 */
export async function describe(file, pixels) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  let media = "application/octet-stream";
  if (head.startsWith("\xff\xd8\xff")) media = "image/jpeg";
  else if (head.startsWith("\x89PNG\r\n\x1a\n")) media = "image/png";
  else if (head.startsWith("RIFF") && head.endsWith("WEBP")) media = "image/webp";
  return pixels ? { media, size: file.size, pixels } : { media, size: file.size };
}

/** @param {Contract} contract @param {Record<string, any>} input */
function withDefaults(contract, input) {
  const all = { ...input };
  for (const [name, field] of Object.entries(contract.input.properties)) {
    if ("default" in field && !(name in all)) all[name] = field.default;
  }
  return all;
}

/**
 * Every problem of `value`, in the order that Python has them.
 * @param {Schema} schema
 * @param {unknown} value
 * @returns {Problem[]}
 */
export function problems(schema, value) {
  const found = [...walk(schema, value, [])];
  return found.sort((a, b) => order(a.path, b.path) || (a.keyword < b.keyword ? -1 : Number(a.keyword > b.keyword)));
}

/** @param {string[]} a @param {string[]} b */
function order(a, b) {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at] < b[at] ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * @param {Schema} schema
 * @param {any} value
 * @param {string[]} path
 * @returns {Generator<Problem>}
 */
function* walk(schema, value, path) {
  const type = typeOf(value);
  const is = (/** @type {string} */ name) => type === name || (name === "number" && type === "integer");
  for (const [keyword, limit] of Object.entries(schema)) {
    const problem = { path, keyword, limit };
    if (keyword === "type" && !is(limit)) yield { ...problem, limit: [limit] };
    if (keyword === "enum" && !limit.includes(value)) yield problem;
    if (is("number")) {
      if (keyword === "minimum" && value < limit) yield problem;
      if (keyword === "maximum" && value > limit) yield problem;
    } else if (type === "string") {
      if (keyword === "minLength" && [...value].length < limit) yield problem;
      if (keyword === "maxLength" && [...value].length > limit) yield problem;
    } else if (type === "array") {
      if (keyword === "minItems" && value.length < limit) yield problem;
      if (keyword === "maxItems" && value.length > limit) yield problem;
      if (keyword === "items") for (const at in value) yield* walk(limit, value[at], [...path, at]);
    } else if (type === "object") {
      yield* walkObject(schema, value, problem);
    }
  }
}

/**
 * @param {Schema} schema
 * @param {Record<string, any>} value
 * @param {Problem} problem
 * @returns {Generator<Problem>}
 */
function* walkObject(schema, value, { path, keyword, limit }) {
  if (keyword === "required") {
    for (const name of limit) if (!Object.hasOwn(value, name)) yield { path: [...path, name], keyword, limit: name };
  }
  if (keyword === "properties") {
    for (const name in limit) if (Object.hasOwn(value, name)) yield* walk(limit[name], value[name], [...path, name]);
  }
  if (keyword === "additionalProperties" && limit === false) {
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties ?? {}, name)).sort();
    if (unknown.length) yield { path: [...path, unknown[0]], keyword, limit: unknown };
  }
}

/** JSON Schema's name for a value's type; a number that JSON does not have is none. @param {any} value */
function typeOf(value) {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : Number.isFinite(value) ? "number" : "null";
  return typeof value;
}

/**
 * Say a problem in words.
 * @param {Contract} contract
 * @param {Problem} problem
 * @param {Record<string, any>} input
 * @returns {Fault}
 */
function refusal(contract, problem, input) {
  const name = problem.path[0] ?? "";
  const refused = (/** @type {string} */ detail, kind = "input-refused") => ({ kind, detail, field: name, retryable: false });
  if (problem.keyword === "additionalProperties" && problem.path.length === 1) {
    return refused(`There is no field “${name}”.`);
  }
  const field = contract.input.properties[name];
  if (field.type !== "object") return refused(`“${field.title}” ${wish(problem)}.`);
  if (problem.keyword === "required" && problem.path.length === 1) {
    return refused(`“${field.title}” is missing: choose a file.`);
  }
  if (problem.keyword === "enum") {
    return refused(`“${field.title}” takes ${mediaWords(problem.limit)}; this file is something else.`, "media-refused");
  }
  if (problem.keyword === "maximum") {
    const measure = problem.path[problem.path.length - 1];
    const [what, unit] = measure === "size" ? ["be", "MB"] : ["have", "megapixels"];
    const actual = Math.ceil(input[name][measure] / 1e5) / 10;
    const most = problem.limit / 1e6;
    return refused(`“${field.title}” may ${what} at most ${most} ${unit}; this file has ${actual}.`, "file-too-large");
  }
  if (problem.keyword === "minimum") return refused(`“${field.title}” is an empty file: choose another.`);
  return refused(`“${field.title}” must be a file, sent as its bytes.`, "malformed-request");
}

/** ["image/jpeg", "image/png"] → "JPEG or PNG". @param {string[]} names */
function mediaWords(names) {
  const words = names.map((name) => name.split("/").pop() ?? name).map((word) => (word === "webp" ? "WebP" : word.toUpperCase()));
  const last = words.pop();
  return words.length ? `${words.join(", ")} or ${last}` : last;
}

/** What a problem's word asks of a value, to follow the field's title. @param {Problem} problem */
function wish({ keyword, limit }) {
  const plain = (/** @type {any} */ value) => (typeof value === "string" ? value : JSON.stringify(value));
  /** @type {Record<string, string>} */
  const types = { number: "a number", integer: "a whole number", boolean: "on or off", string: "text" };
  switch (keyword) {
    case "required": return "is missing";
    case "type": return `must be ${types[limit[0]] ?? limit[0]}`;
    case "enum": return `must be one of: ${limit.map(plain).join(", ")}`;
    case "minimum": return `must be at least ${plain(limit)}`;
    case "maximum": return `must be at most ${plain(limit)}`;
    case "minLength": return `must have at least ${limit} characters`;
    case "maxLength": return `may have at most ${limit} characters`;
    case "minItems": return `needs at least ${limit} choices`;
    case "maxItems": return `takes at most ${limit} choices`;
    default: return "is not what is asked for";
  }
}
