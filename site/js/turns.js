// What was said in a chat, turn by turn: in the form and in the answer.

import { html } from "../vendor/preact-htm.js";
import { isSaid, say } from "./words.js";

/**
 * @typedef {import("./contract.js").FileDescription} FileDescription
 * @typedef {{role: string, content: string, files?: {media: FileDescription | null, caption?: string | null}[]}} Turn
 */

/** Who speaks, in the page's language where it has a word for them. @param {string} role */
export function who(role) {
  return isSaid(`turn.${role}`) ? say(`turn.${role}`) : role;
}

/** @param {Turn[]} turns @param {(turn: Turn, at: number) => unknown} [said] how it is drawn */
export function drawnTurns(turns, said = ({ content }) => content) {
  return html`${turns.map((turn, at) => html`<li data-role=${turn.role}><b>${who(turn.role)}</b> <span dir="auto">${said(turn, at)}</span></li>`)}`;
}
