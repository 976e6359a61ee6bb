// What was said in a chat, turn by turn: in the form and in the answer.

import { html } from "../vendor/preact-htm.js";
import { isSaid, say } from "./words.js";

/** @typedef {{role: string, content: string}} Turn */

/** Who speaks, in the page's language where it has a word for them. @param {string} role */
export function who(role) {
  return isSaid(`turn.${role}`) ? say(`turn.${role}`) : role;
}

/** @param {Turn[]} turns @param {(content: string) => unknown} [said] how it is drawn */
export function drawnTurns(turns, said = (content) => content) {
  return html`${turns.map(({ role, content }) => html`<li data-role=${role}><b>${who(role)}</b> <span dir="auto">${said(content)}</span></li>`)}`;
}
