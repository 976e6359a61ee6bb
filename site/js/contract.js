// The contract's checker for the page: the same verdicts, in English in the same words, as api_bridge/contract.py.

import { say } from "./words.js";

/**
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {{media: string, size: number, pixels?: number, file?: string}} FileDescription
 * @typedef {{path: string[], keyword: string, limit: any}} Problem
 * @typedef {Record<string, any>} Schema
 * @typedef {{name: string, title: string, alt?: string, input: Record<string, any>, prediction: any}} Example
 * @typedef {{demo: string, revision: number, title: string, input: Schema, prediction: Schema, steps: Record<string, {title?: string, demo?: string, endpoint: string, takes: Record<string, string>, when?: string, pure: boolean}>, examples: Example[]}} Contract
 */

// The same table is in api_bridge/media.py; a test holds the two together.
/** @type {[string, RegExp][]} */
export const SIGNATURES = [
  ["image/jpeg", /^(?:\xff\xd8\xff)/s],
  ["image/png", /^(?:\x89PNG\r\n\x1a\n)/s],
  ["image/webp", /^(?:RIFF....WEBP)/s],
  ["image/gif", /^(?:GIF8[79]a)/s],
  ["audio/wav", /^(?:RIFF....WAVE)/s],
  ["audio/mpeg", /^(?:ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb])/s],
  ["audio/flac", /^(?:fLaC)/s],
  ["audio/ogg", /^(?:OggS)/s],
  ["audio/mp4", /^(?:....ftypM4A)/s],
  ["video/quicktime", /^(?:....ftypqt)/s],
  ["video/mp4", /^(?:....ftyp)/s],
  ["video/webm", /^(?:\x1aE\xdf\xa3)/s],
  ["application/pdf", /^(?:%PDF-)/s],
  ["application/zip", /^(?:PK\x03\x04)/s],
];

/**
 * The fault a visitor can mend, or null when the contract takes this input.
 * A file stands in it as its description.
 * @param {Contract} contract
 * @param {Record<string, any>} input
 * @returns {Fault | null}
 */
export function checkInput(contract, input) {
  const [problem] = problems(contract.input, withDefaults(contract, input));
  return problem ? faultFor(contract, problem, input) : null;
}

/**
 * The same for one field alone, whatever the others are.
 * @param {Contract} contract
 * @param {string} name
 * @param {unknown} value
 */
export function checkField(contract, name, value) {
  const alone = { ...contract.input, required: [], properties: { [name]: contract.input.properties[name] } };
  return checkInput({ ...contract, input: alone }, { [name]: value });
}

/**
 * Whether a prediction is what was agreed.
 * @param {Contract} contract
 * @param {unknown} prediction
 */
export function predictionHolds({ prediction: schema, steps }, prediction) {
  // Of several steps those may be missing that failed or were not asked.
  const whole = Object.keys(steps).length === 1;
  return problems(whole ? schema : { ...schema, required: [] }, prediction).length === 0;
}

/**
 * What the contract checks in a file's place: its media type by content, its size, its pixels.
 * @param {Blob} file
 * @param {number} [pixels]
 * @returns {Promise<FileDescription>}
 */
export async function describe(file, pixels) {
  const head = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  const media = SIGNATURES.find(([, begin]) => begin.test(head))?.[0] ?? "application/octet-stream";
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
    if (keyword === "type" && ![limit].flat().some(is)) yield { ...problem, limit: [limit].flat() };
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

/** Whether a field shows its file large, in a frame. @param {Schema} field */
export function isPhoto({ kind }) {
  return kind === "image" || kind === "sketch";
}

/** Whether photos are all that is asked for. @param {Contract} contract */
export function onlyPhotos({ input }) {
  return Object.values(input.properties).every(isPhoto);
}

/** Whether a schema is that of a file's description. @param {Schema} schema */
export function isFile({ properties = {} }) {
  return "media" in properties && "size" in properties;
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
function faultFor(contract, problem, input) {
  const name = problem.path[0] ?? "";
  const refused = (/** @type {string} */ detail, kind = "input-refused") => ({ kind, detail, field: name, retryable: false });
  if (problem.keyword === "additionalProperties" && problem.path.length === 1) {
    return refused(say("refused.unknown", { title: name }));
  }
  const field = contract.input.properties[name];
  const { title } = field;
  const several = isFile(field.items ?? {});
  if (problem.keyword === "required" && problem.path.length === 1 && (several || isFile(field))) {
    return refused(say(field.kind === "sketch" ? "refused.no-sketch" : "refused.no-file", { title }));
  }
  const [met, about] = fileAt(contract.input, input, problem.path);
  if (!met) return refused(wish(title, problem, several));
  if (problem.keyword === "enum") {
    return refused(say("refused.media", { title, media: mediaWords(problem.limit) }), "media-refused");
  }
  if (problem.keyword === "maximum" && about && typeof about === "object") {
    const measure = problem.path[problem.path.length - 1];
    const limits = { title, most: problem.limit / 1e6, actual: Math.ceil(about[measure] / 1e5) / 10 };
    return refused(measure === "size" ? say("refused.size", limits) : say("refused.pixels", limits), "file-too-large");
  }
  if (problem.keyword === "minimum") return refused(say("refused.empty", { title }));
  return refused(say("refused.file", { title }), "malformed-request");
}

/**
 * Whether a path meets a file on its way, and what stands there.
 * @param {Schema} schema
 * @param {any} value
 * @param {string[]} path
 * @returns {[boolean, any]}
 */
function fileAt(schema, value, path) {
  for (const part of path) {
    if (isFile(schema)) return [true, value];
    schema = (Array.isArray(value) ? schema.items : schema.properties?.[part]) ?? {};
    value = value?.[part];
  }
  return [isFile(schema), value];
}

/** ["image/jpeg", "image/png"] → "JPEG or PNG". @param {string[]} names */
function mediaWords(names) {
  const words = names.map((name) => name.split("/").pop() ?? name).map((word) => (word === "webp" ? "WebP" : word.toUpperCase()));
  const last = words.pop() ?? "";
  return words.length ? say("or", { several: words.join(", "), last }) : last;
}

/** A file in a few words: "PNG, 1.2 MB". @param {FileDescription} about */
export function fileWords({ media, size }) {
  const kind = media === "application/octet-stream" ? say("file.any") : mediaWords([media]);
  return say("file.about", { kind, size: sizeWords(size) });
}

/** So many bytes, as roughly as one needs to know. @param {number} size */
export function sizeWords(size) {
  if (size < 1e6) return say("file.kilobytes", { number: Math.ceil(size / 1e3) });
  return say("file.megabytes", { number: Math.ceil(size / 1e5) / 10 });
}

// In the order in which Python's checker tells of them.
const TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"];

/**
 * What a problem's word asks of a value.
 * @param {string} title
 * @param {Problem} problem
 * @param {boolean} files whether several files are asked for
 */
function wish(title, { keyword, limit }, files) {
  const plain = (/** @type {any} */ value) => (typeof value === "string" ? value : JSON.stringify(value));
  switch (keyword) {
    case "required": return say("refused.required", { title });
    case "type": {
      const [first, ...others] = TYPES.filter((name) => limit.includes(name)).map((name) => say(`type.${name}`));
      return say("refused.type", { title, types: others.reduce((several, last) => say("or", { several, last }), first) });
    }
    case "enum": return say("refused.enum", { title, choices: limit.map(plain).join(", ") });
    case "minimum":
    case "maximum":
    case "minLength":
    case "maxLength": return say(`refused.${keyword}`, { title, limit: plain(limit) });
    case "minItems": return files ? say("refused.minFiles", { title, count: limit }) : say("refused.minItems", { title, count: limit });
    case "maxItems": return files ? say("refused.maxFiles", { title, count: limit }) : say("refused.maxItems", { title, count: limit });
    default: return say("refused.other", { title });
  }
}
