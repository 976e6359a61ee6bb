// A stranger's page or plot, drawn in a frame that has no origin, no network and no way back but a few words: see frame.js.

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { sizeWords } from "./contract.js";
import { address, picture } from "./given.js";
import { grid } from "./grid.js";
import { asPng, kept } from "./keep.js";
import { specOf, tableOf } from "./native.js";
import { draw as tree } from "./tree.js";
import { say } from "./words.js";

/**
 * @typedef {import("./view.js").Draw} Draw
 * @typedef {{kind: string, content: string}} Asked
 * @typedef {{height?: number, words?: string, drawn?: boolean, failed?: string, unknown?: string, table?: {headers: string[], data: any[][]}}} Told
 */

const FRAME = new URL("../frame/frame.html", import.meta.url).href;
const LARGEST = 8_000_000; // characters of a plot: more is for a program
/** What draws a plot, and about how many bytes a visitor fetches for it. @type {Record<string, [string, number]>} */
const LIBRARIES = { plotly: ["plotly", 500_000], altair: ["vega", 260_000], vega: ["vega", 260_000] };

/** @type {Draw} */
export function draw({ kind, title }, value, files) {
  if (kind === "html") return html`<${Framed} key="html" title=${title} asked=${{ kind: "page", content: String(value) }} />`;
  if (value.image) return pictured(title, value.image, files);
  if (value.type === "native") return native(title, value.plot);
  const content = typeof value.plot === "string" ? value.plot : JSON.stringify(value.plot ?? value);
  const [library, size] = LIBRARIES[value.type] ?? [];
  if (!library || content.length > LARGEST) return undrawn(say("drawing.undrawn", { kind: value.type }), title, content);
  return html`<${Framed} key=${library} title=${title} asked=${{ kind: library, content }} size=${size} />`;
}

/** Gradio's own; what is none that we know is shown as it came. @param {string} title @param {any} plot */
function native(title, plot) {
  const spec = specOf(plot);
  const content = JSON.stringify(spec);
  if (!spec || content.length > LARGEST) return tree({ kind: "json", title }, plot, "");
  const [library, size] = LIBRARIES.vega;
  return html`${typeof plot.caption === "string" && html`<p class="quiet" dir="auto">${plot.caption}</p>`}
    <${Framed} key="native" title=${title} asked=${{ kind: library, content }} size=${size} table=${tableOf(plot)} />`;
}

/** @param {string} title @param {any} image @param {string} files */
function pictured(title, image, files) {
  const source = address(image, files);
  return html`${picture(image, files, title)}${kept({ title, file: image, files, picture: source ? () => asPng(source) : undefined })}`;
}

/** What a plot would be drawn from, for another program. @param {string} why @param {string} title @param {string} content */
function undrawn(why, title, content) {
  return html`<p>${why}</p>${kept({ title, text: () => content, made: ["json", () => content] })}
    <details><summary>${say("drawing.its-json")}</summary><pre tabindex="0" role="region" aria-label=${title} dir="ltr"><code>${content.slice(0, 100_000)}</code></pre></details>`;
}

/** @param {{title: string, asked: Asked, size?: number, table?: Told["table"]}} framed `table`: its numbers, where they are known without the frame */
function Framed({ title, asked, size = 0, table }) {
  const frame = useRef(/** @type {HTMLIFrameElement | null} */ (null));
  const port = useRef(/** @type {MessagePort | null} */ (null));
  const [told, tell] = useState(/** @type {Told} */ ({}));
  const ask = () => port.current?.postMessage({ ...asked, title, look: look() });
  const loaded = () => {
    if (port.current) return; // only our own page is told anything
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => tell((before) => ({ ...before, ...data }));
    frame.current?.contentWindow?.postMessage(null, "*", [port2]); // it has no origin to be named
    port.current = port1;
    ask();
  };
  useEffect(() => {
    if (!told.failed) return ask();
    port.current = null; // what comes now may be drawn, in a frame of its own
    tell({});
  }, [asked.content, asked.kind]);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", ask);
    return () => dark.removeEventListener("change", ask);
  }, [asked.content]);
  if (frame.current && told.height) frame.current.style.height = `${Math.ceil(told.height)}px`;
  if (told.failed) return undrawn(told.unknown ? say("drawing.undrawn", { kind: told.unknown }) : say("drawing.unreadable"), title, asked.content);
  const page = asked.kind === "page";
  const numbers = table ?? told.table;
  return html`<div class="framed" data-kind=${asked.kind} data-drawn=${Boolean(told.drawn)}>
    <iframe ref=${frame} src=${FRAME} sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" title=${title} onLoad=${loaded}></iframe>
    ${!told.drawn && !page && html`<p class="quiet">${say("drawing.fetching", { size: sizeWords(size) })}</p>`}</div>
    ${kept(page ? { title, text: () => told.words ?? asked.content, made: ["html", () => asked.content] }
      : { title, picture: () => pictureIn(port.current), made: ["json", () => asked.content] })}
    ${page && told.words && html`<details><summary>${say("drawing.its-words")}</summary><p class="text" dir="auto">${told.words}</p></details>`}
    ${numbers && html`<details><summary>${say("drawing.its-numbers")}</summary>${grid({ title, headers: numbers.headers, rows: numbers.data })}</details>`}`;
}

/** The plot as it is drawn. @param {MessagePort | null} port @returns {Promise<Blob>} */
function pictureIn(port) {
  return new Promise((done, fail) => {
    if (!port) return fail(new Error("No plot."));
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => (data instanceof Blob ? done(data) : fail(new Error("No picture.")));
    port.postMessage({ kind: "picture" }, [port2]);
  });
}

/** The page's own colours and type, in which a plot is drawn that chose none. */
function look() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["ink", "quiet", "paper", "line", "mark", "type"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
