// A demo of several steps, each with its own state, so that one that fails hides no other; and one that is asked for each of several photos.

import { html } from "../vendor/preact-htm.js";
import { faultOf } from "./routes.js";
import { say } from "./words.js";

/**
 * @typedef {import("./contract.js").Contract} Contract
 * @typedef {import("./contract.js").Schema} Schema
 * @typedef {import("./view.js").Draw} Draw
 * @typedef {import("./view.js").Steps} Steps
 */

/**
 * How the answer of several steps is drawn.
 * @param {Contract} contract
 * @param {Draw} draw one step's
 * @returns {Draw}
 */
export function inSteps({ steps }, draw) {
  return (schema, prediction, files, told = {}, photos = []) => {
    const said = Object.fromEntries(Object.keys(steps).map((name) => [name, told[name]?.prediction ?? prediction?.[name]]));
    return html`${agreement(schema, said)}<div class="steps">${Object.keys(steps).map((name) => {
      const part = schema.properties[name];
      const state = told[name]?.state ?? (said[name] === undefined ? "skipped" : "answered");
      return html`<section class="part" key=${name} data-step=${name} data-state=${state}>
        <h3 dir="auto">${steps[name].title ?? part.title ?? name}</h3>
        ${said[name] === undefined ? html`<p class=${state === "failed" ? "fault" : "quiet"}>${instead(state, told[name]?.fault)}</p>` : draw(part, said[name], files, { [name]: told[name] ?? {} }, photos)}
      </section>`;
    })}</div>`;
  };
}

/** What stands in the place of what a step would have said. @param {string} state @param {any} fault the page's own, or the bridge's problem */
function instead(state, fault) {
  if (state === "failed") return html`<strong dir="auto">${(fault?.type ? faultOf(fault) : fault)?.detail}</strong>`;
  return state === "asking" ? say("step.asking") : say("step.skipped");
}

/** Whether the models that name a label name the same one. @param {Schema} schema @param {Record<string, any>} said */
function agreement({ properties }, said) {
  const labels = Object.keys(said).filter((name) => properties[name].kind === "label" && said[name]?.label);
  if (labels.length < 2) return null;
  const words = new Set(labels.map((name) => properties[name].properties.label.words?.[said[name].label] ?? said[name].label));
  const familiar = labels.every((name) => !said[name].unfamiliar);
  if (words.size > 1) return html`<p class="agreement" data-agree="false">${say("step.differ")}</p>`;
  const label = [...words][0];
  return html`<p class="agreement" data-agree="true">${familiar ? say("step.agree", { label }) : say("step.agree-unfamiliar", { label })}</p>`;
}
