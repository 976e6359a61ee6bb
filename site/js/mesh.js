// A 3-D file as triangles: glTF (with all in one file), OBJ or STL. Pure, but for the numbers' reading.

/**
 * @typedef {object} Part triangles of one colour or picture; each array has a value for each corner
 * @property {number[] | Float32Array} positions three for each corner, three corners for each triangle
 * @property {number[] | Float32Array} normals three for each corner
 * @property {number[] | Float32Array | null} colors three for each corner, from 0 to 1
 * @property {number[] | Float32Array | null} places two for each corner: where in the picture it is
 * @property {number[]} color red, green and blue of the whole
 * @property {Blob | null} picture
 */

const MOST = 9_000_000; // numbers: a million triangles
const GREY = [0.75, 0.75, 0.75];

/** Read a file; throws an Error for what is none of the three, or has parts elsewhere. @param {ArrayBuffer} content @returns {Part[]} */
export function partsOf(content) {
  const bytes = new Uint8Array(content);
  const begin = new TextDecoder().decode(bytes.slice(0, 400)).trimStart();
  if (begin.startsWith("glTF")) return gltf(...chunks(content));
  if (begin.startsWith("{")) return gltf(JSON.parse(new TextDecoder().decode(bytes)), null);
  if (content.byteLength > 84 && content.byteLength === 84 + 50 * new DataView(content).getUint32(80, true)) return [binaryStl(content)];
  const text = new TextDecoder().decode(bytes);
  if (/^solid\b/.test(begin) && text.includes("facet")) return [part(numbers(text.matchAll(/vertex\s+(\S+)\s+(\S+)\s+(\S+)/g)))];
  if (/^(v|#|o|g|mtllib|vn|vt|s)\s/m.test(begin) && /^f\s/m.test(text)) return [obj(text)];
  throw new Error("Not a shape that is drawn here.");
}

/** @param {number[] | Float32Array} positions @param {Partial<Part>} [more] @returns {Part} */
function part(positions, more = {}) {
  if (!positions.length || positions.length > MOST || positions.length % 9) throw new Error("No triangles, or too many.");
  return { positions, normals: flat(positions), colors: null, places: null, color: GREY, picture: null, ...more };
}

/** @param {Iterable<RegExpMatchArray>} matches */
function numbers(matches) {
  return [...matches].flatMap(([, ...all]) => all.map(Number));
}

/** Each triangle faces one way. @param {ArrayLike<number>} positions */
function flat(positions) {
  const normals = new Float32Array(positions.length);
  for (let at = 0; at < positions.length; at += 9) {
    const [a, b] = [3, 6].map((corner) => [0, 1, 2].map((axis) => positions[at + corner + axis] - positions[at + axis]));
    const across = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    const length = Math.hypot(...across) || 1;
    for (let axis = 0; axis < 9; axis++) normals[at + axis] = across[axis % 3] / length;
  }
  return normals;
}

/** @param {ArrayBuffer} content */
function binaryStl(content) {
  const view = new DataView(content);
  const positions = new Float32Array(view.getUint32(80, true) * 9);
  for (let at = 0; at < positions.length; at++) positions[at] = view.getFloat32(84 + Math.floor(at / 9) * 50 + 12 + (at % 9) * 4, true);
  return part(positions);
}

/** Corners by their numbers, faces as fans. @param {string} text */
function obj(text) {
  /** @type {Record<string, number[][]>} */
  const told = { v: [], vn: [] };
  /** @type {number[][]} */
  const [positions, normals, colors] = [[], [], []];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word in told) told[word].push(rest.map(Number));
    if (word !== "f") continue;
    const corners = rest.map((each) => each.split("/").map(Number));
    for (let at = 2; at < corners.length; at++) {
      for (const [v, , vn] of [corners[0], corners[at - 1], corners[at]]) {
        const corner = told.v.at(v > 0 ? v - 1 : v) ?? [];
        positions.push(...corner.slice(0, 3));
        colors.push(...(corner.length >= 6 ? corner.slice(3, 6) : GREY));
        if (vn) normals.push(...(told.vn.at(vn > 0 ? vn - 1 : vn) ?? []).slice(0, 3));
      }
    }
  }
  return part(positions, { color: [1, 1, 1], colors, ...(normals.length === positions.length && { normals }) });
}

// --- glTF

/** @param {ArrayBuffer} content @returns {[any, ArrayBuffer | null]} its description, and its numbers */
function chunks(content) {
  const view = new DataView(content);
  const length = view.getUint32(12, true);
  const after = 20 + length;
  const about = JSON.parse(new TextDecoder().decode(content.slice(20, after)));
  return [about, after + 8 <= content.byteLength ? content.slice(after + 8, after + 8 + view.getUint32(after, true)) : null];
}

/** @param {any} about @param {ArrayBuffer | null} inside @returns {Part[]} */
function gltf(about, inside) {
  if (about.extensionsRequired?.some((/** @type {string} */ name) => /draco|meshopt|basisu/.test(name))) throw new Error("Packed in a way that is not read here.");
  const buffers = about.buffers.map((/** @type {any} */ { uri }, /** @type {number} */ at) => (uri === undefined && at === 0 && inside ? inside : ofDataUrl(uri)));
  /** @type {Part[]} */
  const parts = [];
  const visit = (/** @type {number} */ at, /** @type {number[]} */ above, /** @type {number} */ depth) => {
    const node = about.nodes[at];
    const matrix = times(above, node.matrix ?? placed(node));
    for (const primitive of about.meshes?.[node.mesh]?.primitives ?? []) if ((primitive.mode ?? 4) === 4) parts.push(piece(about, buffers, primitive, matrix));
    if (depth < 64) for (const child of node.children ?? []) visit(child, matrix, depth + 1);
  };
  for (const root of about.scenes?.[about.scene ?? 0]?.nodes ?? about.nodes.keys()) visit(root, IDENTITY, 0);
  if (!parts.length) throw new Error("No triangles.");
  return parts;
}

/** @param {any} about @param {ArrayBuffer[]} buffers @param {any} primitive @param {number[]} matrix */
function piece(about, buffers, { attributes, indices, material }, matrix) {
  const read = (/** @type {number | undefined} */ at) => (at === undefined ? null : accessor(about, buffers, at));
  const order = read(indices)?.values;
  const spread = (/** @type {{values: Float32Array, width: number} | null} */ all, width = 3) => all && gathered(all, width, order);
  const positions = spread(read(attributes.POSITION)) ?? new Float32Array();
  const own = spread(read(attributes.NORMAL));
  moved(positions, matrix, 1);
  const { baseColorFactor = [1, 1, 1], baseColorTexture } = about.materials?.[material]?.pbrMetallicRoughness ?? {};
  const image = about.images?.[about.textures?.[baseColorTexture?.index]?.source];
  const more = { color: baseColorFactor.slice(0, 3), colors: spread(read(attributes.COLOR_0)), places: spread(read(attributes.TEXCOORD_0), 2), picture: image ? pictureOf(about, buffers, image) : null };
  return part(positions, own ? { ...more, normals: moved(own, matrix, 0) } : more);
}

/** @type {Record<number, [Float32ArrayConstructor | Uint8ArrayConstructor | Uint16ArrayConstructor | Uint32ArrayConstructor | Int8ArrayConstructor | Int16ArrayConstructor, number]>} */
const NUMBERS = { 5120: [Int8Array, 127], 5121: [Uint8Array, 255], 5122: [Int16Array, 32767], 5123: [Uint16Array, 65535], 5125: [Uint32Array, 1], 5126: [Float32Array, 1] };
/** @type {Record<string, number>} */
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

/** @param {any} about @param {ArrayBuffer[]} buffers @param {number} at */
function accessor(about, buffers, at) {
  const { bufferView, byteOffset = 0, componentType, count, type, normalized, sparse } = about.accessors[at];
  const view = about.bufferViews[bufferView];
  const [Kind, whole] = NUMBERS[componentType];
  const width = WIDTHS[type];
  if (sparse || !width || count * width > MOST) throw new Error("Numbers that are not read here.");
  const stride = view.byteStride ?? width * Kind.BYTES_PER_ELEMENT;
  const values = new Float32Array(count * width);
  const from = (view.byteOffset ?? 0) + byteOffset;
  for (let row = 0; row < count; row++) {
    const bytes = buffers[view.buffer].slice(from + row * stride, from + row * stride + width * Kind.BYTES_PER_ELEMENT);
    values.set(new Kind(bytes), row * width);
  }
  return { values: normalized ? values.map((value) => value / whole) : values, width };
}

/** @param {{values: Float32Array, width: number}} all @param {number} wanted @param {Float32Array | undefined} order */
function gathered({ values, width }, wanted, order) {
  const count = order ? order.length : values.length / width;
  const found = new Float32Array(count * wanted);
  for (let at = 0; at < count; at++) for (let part = 0; part < wanted; part++) found[at * wanted + part] = values[(order ? order[at] : at) * width + part];
  return found;
}

/** @param {any} about @param {ArrayBuffer[]} buffers @param {any} image */
function pictureOf(about, buffers, { bufferView, mimeType = "image/png", uri }) {
  if (uri) return new Blob([ofDataUrl(uri)]);
  const { buffer, byteOffset = 0, byteLength } = about.bufferViews[bufferView];
  return new Blob([buffers[buffer].slice(byteOffset, byteOffset + byteLength)], { type: mimeType });
}

/** @param {string} uri */
function ofDataUrl(uri) {
  const [, body] = /^data:[^,]*;base64,(.*)$/s.exec(uri ?? "") ?? [];
  if (!body) throw new Error("A part of it lies elsewhere.");
  return Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)).buffer;
}

// --- matrices, as glTF has them: column by column

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** @param {number[]} one @param {number[]} other */
export function times(one, other) {
  return IDENTITY.map((_, at) => [0, 1, 2, 3].reduce((sum, k) => sum + one[(at % 4) + k * 4] * other[k + Math.floor(at / 4) * 4], 0));
}

/** @param {{translation?: number[], rotation?: number[], scale?: number[]}} node */
function placed({ translation: [tx, ty, tz] = [0, 0, 0], rotation: [x, y, z, w] = [0, 0, 0, 1], scale: [sx, sy, sz] = [1, 1, 1] }) {
  return [
    (1 - 2 * (y * y + z * z)) * sx, 2 * (x * y + z * w) * sx, 2 * (x * z - y * w) * sx, 0,
    2 * (x * y - z * w) * sy, (1 - 2 * (x * x + z * z)) * sy, 2 * (y * z + x * w) * sy, 0,
    2 * (x * z + y * w) * sz, 2 * (y * z - x * w) * sz, (1 - 2 * (x * x + y * y)) * sz, 0,
    tx, ty, tz, 1,
  ];
}

/** @param {Float32Array} points @param {number[]} m @param {number} w 1 for places, 0 for directions */
function moved(points, m, w) {
  for (let at = 0; at < points.length; at += 3) {
    const [x, y, z] = points.subarray(at, at + 3);
    for (let axis = 0; axis < 3; axis++) points[at + axis] = m[axis] * x + m[4 + axis] * y + m[8 + axis] * z + m[12 + axis] * w;
  }
  return points;
}
