// What fields hold as an address to share, and back: only what is no file, no talk and no program.

import { checkField } from "./contract.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./form.js").Fields} Fields
 */

const SHARED = ["text", "number", "slider", "checkbox", "choice", "choices", "color", "date"];

/**
 * `#?name=value&…` of the fields that are not as they were at first; null where none is that may be shared.
 * @param {Fields} fields
 * @param {Contract} contract
 */
export function linkOf(fields, contract) {
  const words = new URLSearchParams();
  for (const [name, field] of fields) {
    const schema = contract.input.properties[name];
    if (!SHARED.includes(schema.kind) || field.wrong?.()) continue;
    const value = field.value();
    if (value === undefined || JSON.stringify(value) === JSON.stringify(schema.default ?? unset(schema))) continue;
    words.set(name, schema.type === "string" ? value : JSON.stringify(value));
  }
  return words.size ? `#?${words}` : null;
}

/**
 * Fill fields from such an address; what the contract refuses is left out. True where it filled any.
 * @param {Fields} fields
 * @param {Contract} contract
 * @param {string} hash
 */
export function fillFrom(fields, contract, hash) {
  if (!hash.startsWith("#?")) return false;
  let filled = false;
  for (const [name, text] of new URLSearchParams(hash.slice(2))) {
    const field = fields.get(name);
    const schema = contract.input.properties[name];
    if (!field || !SHARED.includes(schema.kind)) continue;
    const value = read(schema, text);
    if (value === undefined || checkField(contract, name, value)) continue;
    field.fill(value, "");
    filled = true;
  }
  return filled;
}

/** What a field holds before anybody touched it, where its contract has no default. @param {Schema} schema */
function unset({ kind, minimum }) {
  return { slider: minimum, checkbox: false, choices: [], color: "#000000" }[/** @type {string} */ (kind)] ?? "";
}

/** @param {Schema} schema @param {string} text @returns {any} undefined where it can not be read */
function read({ type }, text) {
  try {
    return type === "string" ? text : JSON.parse(text);
  } catch {
    return undefined;
  }
}
