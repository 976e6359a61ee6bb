// In the frame: draws pages and plots that strangers made. It has no origin, reaches no network, and tells the page around it what it has drawn.

"use strict";
{
  const libraries = /** @type {Record<string, string>} */ ({ .../** @type {HTMLScriptElement} */ (document.currentScript).dataset });
  const place = /** @type {HTMLElement} */ (document.querySelector("main"));
  const UNWANTED = "script, meta, base, link, iframe, frame, object, embed, portal, template, dialog";
  const MOST = 5_000; // rows of a plot's numbers: more is for a program
  /** What keeps the drawing as a picture. @type {(() => Promise<Blob>) | null} */
  let pictured = null;
  /** @type {Record<string, Promise<unknown>>} */
  const fetched = {};

  /** @typedef {{kind: string, content: string, title: string, look: Record<string, string>}} Asked */

  addEventListener("message", ({ source, ports: [port] }) => {
    if (source !== parent || !port) return;
    port.onmessage = ({ data, ports: [answer] }) => {
      if (data.kind === "picture") pictured?.().then((blob) => answer.postMessage(blob), () => answer.postMessage(null));
      else drawn(data, port).catch((/** @type {any} */ error) => port.postMessage({ failed: String(error), unknown: error?.unknown }));
    };
    new ResizeObserver(() => port.postMessage({ height: place.getBoundingClientRect().height })).observe(place);
  });

  /** @param {Asked} asked @param {MessagePort} port */
  async function drawn({ kind, content, title, look }, port) {
    for (const [name, value] of Object.entries(look)) document.documentElement.style.setProperty(`--${name}`, value);
    const told = kind === "page" ? page(content) : await plot(kind, JSON.parse(content), title, look);
    port.postMessage({ drawn: true, ...told });
  }

  /** Markup that can run nothing and fetch nothing; its links open beside this page. @param {string} content */
  function page(content) {
    const read = new DOMParser().parseFromString(content, "text/html");
    const styles = [...read.head.querySelectorAll("style")];
    for (const each of read.querySelectorAll(UNWANTED)) each.remove();
    for (const each of read.querySelectorAll("*")) tame(each);
    place.replaceChildren(...styles, ...read.body.childNodes);
    // What chose colours chose them for white paper.
    document.documentElement.dataset.paper = String(Boolean(place.querySelector("style, [style], [bgcolor], [color]")));
    return { words: place.innerText.trim() };
  }

  /** @param {Element} element */
  function tame(element) {
    for (const { name, value } of [...element.attributes]) {
      const link = name === "href" && element.localName === "a" && /^(https?:|mailto:)/i.test(value);
      const shown = name === "src" && /^data:/i.test(value);
      if (/^on|^(action|formaction|ping|srcset|background|autofocus|target)$/.test(name)) element.removeAttribute(name);
      else if (/(^|:)(href|src|data|poster)$/.test(name) && !link && !shown) element.removeAttribute(name);
    }
    if (element.localName !== "a") return;
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer nofollow");
  }

  /** @param {string} kind @param {any} spec @param {string} title @param {Record<string, string>} look */
  async function plot(kind, spec, title, look) {
    const names = Object.keys(libraries).filter((name) => name.startsWith(kind)); // in the order in which they need each other
    for (const name of names) await (fetched[name] ??= script(libraries[name]));
    place.replaceChildren();
    const drawing = Object.assign(document.createElement("div"), { role: "img", ariaLabel: title });
    place.append(drawing);
    return kind === "plotly" ? plotly(drawing, spec, look) : vega(drawing, spec, look);
  }

  /** @param {string} address */
  function script(address) {
    return new Promise((done, fail) => document.head.append(Object.assign(document.createElement("script"), { src: address, onload: done, onerror: fail })));
  }

  /** @param {HTMLElement} drawing @param {any} spec @param {Record<string, string>} look */
  async function plotly(drawing, { data, layout = {} }, { ink, paper, line, type }) {
    const { Plotly } = /** @type {any} */ (globalThis);
    const axis = { gridcolor: line, linecolor: line, zerolinecolor: line };
    const { width: _, template, ...chosen } = layout;
    const own = { legend: { orientation: "h" }, ...template?.layout, paper_bgcolor: paper, plot_bgcolor: paper, font: { ...template?.layout?.font, color: ink, family: type },
      xaxis: { ...template?.layout?.xaxis, ...axis }, yaxis: { ...template?.layout?.yaxis, ...axis } };
    const look = { height: 400, ...chosen, autosize: true, template: { ...template, layout: own } };
    await Plotly.newPlot(drawing, data, look, { displayModeBar: false, responsive: true, scrollZoom: false, showTips: false });
    known(/** @type {any} */ (drawing)._fullData);
    pictured = async () => blobOf(await Plotly.toImage(drawing, { format: "png", scale: 2 }));
    return { table: traces(/** @type {any} */ (drawing)._fullData) };
  }

  /** Plotly draws a kind that it does not have, such as one in space or on a map, as if it were points on paper. @param {any[]} all */
  function known(all) {
    for (const { type, _input: { type: wanted = "scatter" } } of all) {
      if (wanted === type || wanted === `${type}gl`) continue; // the latter is the same, drawn in another way
      throw Object.assign(new Error("A kind of plot that is not here."), { unknown: String(wanted) });
    }
  }

  /** What the traces of a plot are drawn from, a row for each mark. @param {any[]} all */
  function traces(all) {
    const rows = all.flatMap((trace) => marks(trace).map((mark) => ({ ...(all.length > 1 && { trace: trace.name }), ...mark })));
    return tabled(rows);
  }

  /** @param {any} trace @returns {Record<string, unknown>[]} */
  function marks(trace) {
    if (trace.z?.[0]?.length) return [...trace.z].flatMap((row, y) => [...row].map((z, x) => ({ x: trace.x?.[x] ?? x, y: trace.y?.[y] ?? y, z })));
    const columns = ["labels", "values", "x", "y", "open", "high", "low", "close", "text"].filter((name) => trace[name]?.length && typeof trace[name] !== "string");
    const count = Math.min(MOST, Math.max(0, ...columns.map((name) => trace[name].length)));
    return Array.from({ length: count }, (_, at) => Object.fromEntries(columns.map((name) => [name, trace[name][at]])));
  }

  /** @param {HTMLElement} drawing @param {any} spec @param {Record<string, string>} look */
  async function vega(drawing, spec, { ink, paper, line, quiet, type }) {
    const { vega, vegaLite } = /** @type {any} */ (globalThis);
    const text = { labelColor: ink, titleColor: ink };
    const config = { background: paper, font: type, title: { color: ink, subtitleColor: quiet }, style: { "guide-label": { fill: ink }, "guide-title": { fill: ink } },
      axis: { ...text, gridColor: line, domainColor: line, tickColor: line }, legend: text, header: text, view: { stroke: line } };
    const lite = !/\/vega\/v\d/.test(spec.$schema ?? "");
    for (const each of [spec, ...(spec.layer ?? [])]) ownColours(each);
    const wide = lite && (spec.mark || spec.layer) && spec.width === undefined;
    const fitted = wide ? { ...spec, width: "container", autosize: { type: "fit-x", contains: "padding" } } : spec;
    const whole = lite ? vegaLite.compile(fitted, { config: vega.mergeConfig({}, config, spec.config ?? {}) }).spec : { ...spec, config: vega.mergeConfig({}, config, spec.config ?? {}) };
    // Its expressions are read and not run, and it may fetch nothing.
    const refused = async () => { throw new Error("Nothing is fetched for a plot."); };
    const sanitize = async (/** @type {string} */ uri) => (/^data:image\//.test(uri) ? { href: uri } : refused());
    const view = new vega.View(vega.parse(whole, {}, { ast: true }), { expr: vega.expressionInterpreter, loader: { load: refused, sanitize, http: refused, file: refused }, renderer: "svg", container: drawing, hover: true, logLevel: vega.Error });
    await view.runAsync();
    pictured = async () => new Promise((done, fail) => view.toCanvas(2).then((/** @type {HTMLCanvasElement} */ canvas) => canvas.toBlob((blob) => (blob ? done(blob) : fail(blob)))));
    const told = whole.data?.find((/** @type {any} */ { values }) => values) ?? whole.data?.[0]; // what a visitor chose in it comes before
    return { table: tabled(told ? view.data(told.name) : []) };
  }

  /** Gradio 3 numbers the colours of its own plots, for its own page to choose them. @param {any} part */
  function ownColours({ encoding }) {
    const scale = encoding?.color?.scale;
    if (Array.isArray(scale?.range) && scale.range.every(Number.isFinite)) [scale.range, scale.interpolate] = [undefined, undefined];
  }

  /** @param {Record<string, unknown>[]} rows */
  function tabled(rows) {
    const shown = rows.slice(0, MOST);
    const headers = [...new Set(shown.flatMap((row) => Object.keys(row)))];
    const data = shown.map((row) => headers.map((name) => (row[name] instanceof Date ? row[name].toISOString() : typeof row[name] === "object" ? JSON.stringify(row[name]) : (row[name] ?? null))));
    return { headers, data };
  }

  /** @param {string} address a data: address */
  function blobOf(address) {
    const bytes = Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
    return new Blob([bytes], { type: "image/png" });
  }
}
