// What a page says, in its language: the texts of site/messages.toml, which build.py puts into the page.

/** @typedef {string | Record<string, string>} Message as one text, or one for each plural of the language */

const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
/** @type {Record<string, Message>} */
const messages = JSON.parse(document.querySelector("#words")?.textContent ?? "{}");

/**
 * A text in the page's language, with `{name}` filled in; `count` chooses the plural.
 * @param {string} key
 * @param {Record<string, string | number>} [about]
 */
export function say(key, about = {}) {
  const message = messages[key] ?? key;
  const text = typeof message === "string" ? message : (message[plurals.select(Number(about.count))] ?? message.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(about[name] ?? whole));
}

/** Whether there is such a text. @param {string} key */
export function isSaid(key) {
  return Object.hasOwn(messages, key);
}

/** Several in a row: “a, b and c”; what is among them may be drawn. @template T @param {T[]} several @returns {(T | string)[]} */
export function listed(several) {
  const parts = new Intl.ListFormat(language).formatToParts(several.map(String));
  let at = 0;
  return parts.map(({ type, value }) => (type === "element" ? several[at++] : value));
}
