// Gradio's own plots (gr.LinePlot, gr.BarPlot, gr.ScatterPlot) in Vega-Lite's words: nothing but data, for the frame to draw.
//
// Its fields are called x, y and color, whatever a stranger called the columns: their names are titles only.

/**
 * @typedef {"quantitative" | "nominal" | "temporal"} Sort
 * @typedef {object} Native as Gradio 5 and 6 send it, and beside it what its author chose
 * @property {string[]} columns
 * @property {any[][]} data
 * @property {Record<string, Sort>} datatypes
 * @property {"line" | "bar" | "point"} mark
 * @property {string} x
 * @property {string} y
 * @property {string} [color]
 * @property {string} [title]
 * @property {string} [x_title]
 * @property {string} [y_title]
 * @property {string} [color_title]
 * @property {string | number} [x_bin] of times such as "15m"
 * @property {string} [y_aggregate]
 * @property {Record<string, string>} [color_map]
 * @property {string[]} [colors_in_legend]
 * @property {[number | null, number | null]} [x_lim] of times in seconds
 * @property {[number | null, number | null]} [y_lim]
 * @property {number} [x_label_angle]
 * @property {number} [y_label_angle]
 * @property {string} [x_axis_format]
 * @property {string} [y_axis_format]
 * @property {boolean} [x_axis_labels_visible]
 * @property {string | string[]} [sort]
 * @property {string | string[]} [tooltip] nothing is said of a mark where it is "none"
 * @property {number} [height]
 */

const FEW_POINTS = 50; // of a line, each of which is marked
const MARKED = {
  line: (/** @type {number} */ count) => ({ point: count <= FEW_POINTS }),
  bar: () => ({}),
  point: () => ({ filled: true, opacity: 1, size: 50 }),
};
const SORTS = ["quantitative", "nominal", "temporal"];
const AGGREGATES = ["sum", "mean", "median", "min", "max", "count"];
const ORDERS = /** @type {Record<string, string>} */ ({ x: "ascending", "-x": "descending", y: "y", "-y": "-y" });
const SPANS = /** @type {Record<string, number>} */ ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }); // milliseconds
const LEVEL = 40; // letters of all categories that stand beside each other
const SHADES = ["#b8860b", "#2f7ebd"]; // least and most: both are seen on light paper and on dark

/** What Vega-Lite draws of it, or null where it is not understood. @param {Native} plot */
export function specOf(plot) {
  if (!isNative(plot)) return null;
  const { mark, data, title, height, tooltip } = plot;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    ...(title && { title: String(title) }),
    height: Math.min(1_000, Math.max(100, Number(height) || 300)),
    data: { values: rows(plot) },
    mark: { type: mark, clip: Boolean(plot.x_lim ?? plot.y_lim), tooltip: tooltip !== "none", ...MARKED[mark](data.length) },
    encoding: { x: across(plot), y: up(plot), ...(plot.color && { color: coloured(plot, plot.color) }) },
  };
}

/** @param {any} plot @returns {plot is Native} */
function isNative(plot) {
  if (!Array.isArray(plot?.columns) || !plot.data?.every?.(Array.isArray) || !Object.hasOwn(MARKED, plot.mark)) return false;
  const named = [plot.x, plot.y, ...(plot.color ? [plot.color] : [])];
  return named.every((name) => plot.columns.includes(name) && SORTS.includes(plot.datatypes?.[name]));
}

/** All of its numbers, times as they are written. @param {Native} plot */
export function tableOf({ columns, data, datatypes }) {
  const written = (/** @type {any} */ cell, /** @type {number} */ at) => (datatypes[columns[at]] === "temporal" && Number.isFinite(cell) ? timeOf(cell) : cell);
  return { headers: columns, data: data.map((row) => columns.map((_, at) => written(row[at], at))) };
}

/** @param {number} milliseconds */
function timeOf(milliseconds) {
  const time = new Date(milliseconds);
  return Number.isNaN(time.getTime()) ? milliseconds : time.toISOString().replace(/T00:00:00.000Z$|(?:\.000)?Z$/, "").replace("T", " ");
}

/** @param {Native} plot */
function rows(plot) {
  const [x, y, color] = [valuesOf(plot, plot.x), valuesOf(plot, plot.y), plot.color ? valuesOf(plot, plot.color) : null];
  return plot.data.map((_, at) => ({ x: x[at], y: y[at], ...(color && { color: color[at] }) }));
}

/** @param {Native} plot @param {string} name */
function valuesOf({ columns, data }, name) {
  const at = columns.indexOf(name);
  return data.map((row) => row[at]);
}

/** @param {Native} plot */
function across(plot) {
  const { x, sort, x_lim: limits, x_bin: bin, x_label_angle: angle, x_axis_format: format, x_axis_labels_visible: visible = true } = plot;
  const type = plot.datatypes[x];
  const nominal = type === "nominal";
  const wide = spanOf(bin);
  return {
    field: "x",
    type,
    title: String(plot.x_title || x),
    axis: { labels: visible === true, ticks: visible === true, labelAngle: angle || (nominal && isLong(valuesOf(plot, x)) ? -45 : 0), ...(format && !nominal && { format }) },
    ...(nominal ? { sort: Array.isArray(sort) ? sort : ORDERS[sort ?? ""] ?? null } : { scale: scaled(type, limits, false) }),
    ...(wide && !nominal && { bin: binned(valuesOf(plot, x), wide) }),
  };
}

/** @param {Native} plot */
function up(plot) {
  const { y, y_lim: limits, mark, y_aggregate: chosen = "", y_label_angle: angle, y_axis_format: format } = plot;
  const together = spanOf(plot.x_bin) !== null || (mark !== "point" && plot.datatypes[plot.x] === "nominal");
  const type = plot.datatypes[y];
  return {
    field: "y",
    type,
    title: String(plot.y_title || y),
    axis: { ...(angle && { labelAngle: angle }), ...(format && { format }) },
    ...(type !== "nominal" && { scale: scaled(type, limits, mark === "bar") }),
    ...(together && { aggregate: AGGREGATES.includes(chosen) ? chosen : "sum" }),
  };
}

/** @param {Native} plot @param {string} color */
function coloured(plot, color) {
  const { color_map: map = {}, color_title: title, colors_in_legend: listed } = plot;
  const names = [...new Set(valuesOf(plot, color))];
  const nominal = plot.datatypes[color] === "nominal";
  const scale = { domain: names, ...(names.every((name) => Object.hasOwn(map, name)) && { range: names.map((name) => map[name]) }) };
  return {
    field: "color",
    type: plot.datatypes[color],
    title: String(title || color),
    legend: listed?.length === 0 ? null : { orient: "bottom", columns: isLong(names) ? 1 : 3, ...(listed && { values: [...listed] }) },
    scale: nominal ? scale : { range: SHADES },
  };
}

/** Times stand as their author wrote them: Gradio sends them as if they were of UTC. @param {Sort} type @param {[number | null, number | null] | undefined} limits @param {boolean} zero */
function scaled(type, limits, zero) {
  const [least, most] = (limits ?? []).map((limit) => (typeof limit === "number" ? limit * (type === "temporal" ? 1_000 : 1) : null));
  const ends = { ...(typeof least === "number" && { domainMin: least }), ...(typeof most === "number" && { domainMax: most }) };
  return type === "temporal" ? { type: "utc", ...ends } : { zero: zero && !("domainMin" in ends), ...ends };
}

/** How wide a bin is, times in milliseconds; null for none. @param {Native["x_bin"]} bin */
function spanOf(bin) {
  if (typeof bin === "number") return bin > 0 ? bin : null;
  const [, count, unit] = /^(\d+)([smhd])$/.exec(bin ?? "") ?? [];
  return Number(count) > 0 ? Number(count) * SPANS[unit] : null;
}

/** The last value begins a bin of its own, as every other does. @param {any[]} values @param {number} step */
function binned(values, step) {
  const starts = values.filter(Number.isFinite).map((value) => Math.floor(value / step) * step);
  const [first, last] = starts.reduce(([least, most], start) => [Math.min(least, start), Math.max(most, start)], [Infinity, -Infinity]);
  return starts.length ? { step, extent: [first, last + step] } : { step };
}

/** Whether names do not fit beside each other. @param {any[]} names */
function isLong(names) {
  return [...new Set(names)].join("").length > LEVEL;
}
