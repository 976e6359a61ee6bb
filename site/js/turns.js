// What was said in a chat, turn by turn: in the form and in the answer.

import { html } from "../vendor/preact-htm.js";

/** @typedef {{role: string, content: string}} Turn */

/** @type {Record<string, string>} */
const WHO = { user: "You", assistant: "Model", system: "Setting" };

/** @param {Turn[]} turns */
export function drawnTurns(turns) {
  return html`${turns.map(({ role, content }) => html`<li data-role=${role}><b>${WHO[role] ?? role}</b> ${content}</li>`)}`;
}
