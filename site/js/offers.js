// What a visitor may do with an answer: see what the model looked at, and share what was asked.

import { html, render } from "../vendor/preact-htm.js";
import { linkOf } from "./link.js";
import { Look } from "./look.js";
import { ask } from "./routes.js";
import { say } from "./words.js";

/** @typedef {import("./demo.js").Demo} Demo */

/**
 * Draw what the model looked at, as this device sees it.
 * @param {Demo} demo
 * @param {import("./heat.js").Looked} [looked] known where the answer is from here
 */
export async function look(demo, looked) {
  const { answer } = answered(demo);
  const place = demo.find("#answer .looked");
  const question = demo.asked;
  const [[, { content: photo }]] = await question.parts;
  if (!looked) {
    render(html`<p class="waiting">${say("look.asking")}</p>`, place);
    const ended = await ask({ ...question, here: true }, demo.left, () => undefined);
    if (answered(demo).answer !== answer) return undefined; // another answer took its place
    if ("kind" in ended) return render(html`<p class="fault" role="alert">${ended.detail}</p>`, place);
    looked = ended.looked;
  }
  const { words = {} } = demo.contract.prediction.properties.label;
  return render(html`<${Look} photo=${photo} looked=${looked} label=${answer?.prediction.label} words=${words} />`, place);
}

/** @param {Demo} demo @returns {{answer?: import("./routes.js").Answer}} */
function answered({ state }) {
  return state.name === "answered" ? state : {};
}

/** Copy an address that fills the form as it is now. @param {Demo} demo */
export async function share(demo) {
  const page = location.href.split("#")[0];
  const address = new URL(linkOf(demo.fields, demo.contract) ?? location.hash, page).href;
  const shown = () => (history.replaceState(history.state, "", address), say("link.address"));
  const shared = await navigator.clipboard.writeText(address).then(() => say("link.copied"), shown);
  if (demo.state.name === "answered") demo.show({ ...demo.state, shared });
}
