// A 3-D model, to be turned by buttons, keys or a pointer; it moves only when one moves it.

import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { address } from "./given.js";
import { kept, png } from "./keep.js";
import { partsOf, times } from "./mesh.js";
import { say } from "./words.js";

/** @typedef {{turn: number, tilt: number, far: number}} Pose in radians, and in sizes of the model */

const LARGEST = 60_000_000; // bytes
const STEP = Math.PI / 12;
/** @type {Pose} */
const FIRST = { turn: 0.6, tilt: 0.35, far: 2.6 };

/** What each button and key changes. @type {[string, string, string, (pose: Pose) => Pose][]} */
const MOVES = [
  ["left", "←", "ArrowLeft", (pose) => ({ ...pose, turn: pose.turn - STEP })],
  ["right", "→", "ArrowRight", (pose) => ({ ...pose, turn: pose.turn + STEP })],
  ["up", "↑", "ArrowUp", (pose) => ({ ...pose, tilt: Math.min(1.5, pose.tilt + STEP) })],
  ["down", "↓", "ArrowDown", (pose) => ({ ...pose, tilt: Math.max(-1.5, pose.tilt - STEP) })],
  ["nearer", "+", "+", (pose) => ({ ...pose, far: Math.max(1.1, pose.far / 1.25) })],
  ["farther", "−", "-", (pose) => ({ ...pose, far: Math.min(12, pose.far * 1.25) })],
];

/** @type {import("./view.js").Draw} */
export function draw({ title }, file, files) {
  const source = address(file, files);
  return html`<${Model} key=${source} title=${title} file=${file} files=${files} source=${source} />`;
}

/** @param {{title: string, file: any, files: string, source: string | null}} model */
function Model({ title, file, files, source }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const scene = useRef(/** @type {((pose: Pose) => void) | null} */ (null));
  const [pose, move] = useState(FIRST);
  const [state, become] = useState("fetching");
  useEffect(() => {
    const left = new AbortController();
    if (source) shaped(source, /** @type {HTMLCanvasElement} */ (canvas.current), left.signal).then((draw) => {
      scene.current = draw;
      become("drawn");
    }, () => become("undrawn"));
    return () => left.abort();
  }, []);
  useEffect(() => scene.current?.(pose), [pose, state]);
  if (!source || state === "undrawn") return html`${source && html`<p>${say("drawing.no-model")}</p>`}${kept({ title, file, files })}`;
  const key = (/** @type {KeyboardEvent} */ event) => {
    const found = MOVES.find(([, , name]) => name === event.key);
    if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move(found[3]);
  };
  const drag = (/** @type {PointerEvent} */ event) => {
    if (!(event.buttons & 1)) return;
    canvas.current?.setPointerCapture(event.pointerId);
    move(({ turn, tilt, far }) => ({ turn: turn + event.movementX / 100, tilt: Math.max(-1.5, Math.min(1.5, tilt + event.movementY / 100)), far }));
  };
  const picture = () => {
    scene.current?.(pose); // its pixels are there until the browser has shown them
    return png(/** @type {HTMLCanvasElement} */ (canvas.current));
  };
  return html`<div class="model" data-state=${state} aria-live="off">
    <canvas ref=${canvas} width="960" height="720" role="img" aria-label=${title} onPointerMove=${drag}></canvas>
    ${state === "fetching" && html`<p class="quiet">${say("drawing.arriving")}</p>`}
    <div class="moves" role="group" aria-label=${say("drawing.turn")} onKeyDown=${key}>${MOVES.map(([name, sign, , change]) =>
      html`<button type="button" aria-label=${say(`drawing.model-${name}`)} onClick=${() => move(change)}>${sign}</button>`)}</div></div>
    ${kept({ title, file, files, picture: state === "drawn" ? picture : undefined })}`;
}

/** Fetch a model and put it on the graphics card; gives what draws it. @param {string} source @param {HTMLCanvasElement} canvas @param {AbortSignal} signal */
async function shaped(source, canvas, signal) {
  const response = await fetch(source, { credentials: "omit", signal });
  const content = await response.arrayBuffer();
  if (!response.ok || content.byteLength > LARGEST) throw new Error("Not here, or too large.");
  const parts = partsOf(content);
  const gl = canvas.getContext("webgl2", { antialias: true });
  if (!gl) throw new Error("No graphics card.");
  const program = programOf(gl);
  const [middle, size] = bounds(parts);
  /** @type {(() => void)[]} */
  const pieces = [];
  for (const part of parts) pieces.push(await uploaded(gl, program, part));
  gl.enable(gl.DEPTH_TEST);
  gl.useProgram(program);
  return (/** @type {Pose} */ pose) => {
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.uniformMatrix4fv(gl.getUniformLocation(program, "seen"), false, seen(pose, middle, size, canvas.width / canvas.height));
    gl.uniform3fv(gl.getUniformLocation(program, "light"), light(pose));
    for (const show of pieces) show();
  };
}

const CORNER = `#version 300 es
in vec3 position, normal, color; in vec2 place;
uniform mat4 seen;
out vec3 facing, own; out vec2 at;
void main() { gl_Position = seen * vec4(position, 1.0); facing = normal; own = color; at = place; }`;

const PIXEL = `#version 300 es
precision highp float;
in vec3 facing, own; in vec2 at;
uniform vec3 light, tint; uniform sampler2D picture; uniform bool pictured;
out vec4 shown;
void main() {
  float bright = 0.35 + 0.65 * abs(dot(normalize(facing), light));
  vec3 color = tint * own * (pictured ? texture(picture, at).rgb : vec3(1.0));
  shown = vec4(color * bright, 1.0);
}`;

/** @param {WebGL2RenderingContext} gl */
function programOf(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, CORNER], [gl.FRAGMENT_SHADER, PIXEL]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error("The graphics card can not draw it.");
  return program;
}

/** @param {WebGL2RenderingContext} gl @param {WebGLProgram} program @param {import("./mesh.js").Part} part */
async function uploaded(gl, program, { positions, normals, colors, places, color, picture }) {
  const corners = gl.createVertexArray();
  gl.bindVertexArray(corners);
  for (const [name, values, width] of /** @type {[string, ArrayLike<number> | null, number][]} */ ([["position", positions, 3], ["normal", normals, 3], ["color", colors, 3], ["place", places, 2]])) {
    const at = gl.getAttribLocation(program, name);
    if (!values) {
      gl.vertexAttrib3f(at, 1, 1, 1);
      continue;
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(values), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, width, gl.FLOAT, false, 0, 0);
  }
  const texture = gl.createTexture();
  if (picture) {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, await createImageBitmap(picture));
    gl.generateMipmap(gl.TEXTURE_2D);
  }
  return () => {
    gl.bindVertexArray(corners);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform3fv(gl.getUniformLocation(program, "tint"), color);
    gl.uniform1i(gl.getUniformLocation(program, "pictured"), picture && places ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, positions.length / 3);
  };
}

/** The middle of all parts, and how far they reach. @param {import("./mesh.js").Part[]} parts @returns {[number[], number]} */
function bounds(parts) {
  const [least, most] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
  for (const { positions } of parts) {
    for (let at = 0; at < positions.length; at++) {
      least[at % 3] = Math.min(least[at % 3], positions[at]);
      most[at % 3] = Math.max(most[at % 3], positions[at]);
    }
  }
  return [least.map((low, axis) => (low + most[axis]) / 2), Math.hypot(...least.map((low, axis) => most[axis] - low)) / 2 || 1];
}

/** From the model's places to the canvas. @param {Pose} pose @param {number[]} middle @param {number} size @param {number} ratio */
function seen({ turn, tilt, far }, [x, y, z], size, ratio) {
  const [ct, st, cp, sp] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const centred = [1 / size, 0, 0, 0, 0, 1 / size, 0, 0, 0, 0, 1 / size, 0, -x / size, -y / size, -z / size, 1];
  const turned = [ct, sp * st, -cp * st, 0, 0, cp, sp, 0, st, -sp * ct, cp * ct, 0, 0, 0, 0, 1];
  const away = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, -far, 1];
  const [near, back, lens] = [0.05, 30, 2.2];
  const lensed = [lens / ratio, 0, 0, 0, 0, lens, 0, 0, 0, 0, (back + near) / (near - back), -1, 0, 0, (2 * back * near) / (near - back), 0];
  return [away, turned, centred].reduce(times, lensed);
}

/** Light comes from where one looks, a little from above. @param {Pose} pose */
function light({ turn, tilt }) {
  const up = tilt + 0.4;
  return [-Math.sin(turn) * Math.cos(up), Math.sin(up), Math.cos(turn) * Math.cos(up)];
}
