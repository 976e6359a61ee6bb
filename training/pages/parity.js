// The graph in a browser, with the pixels that Python would see: see training/parity.py.

// @ts-ignore: it is served here by the program that asks
import * as ort from "./ort/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("./ort/", location.href).href;
ort.env.wasm.numThreads = 1;
const session = ort.InferenceSession.create("./model.onnx");

/** The probabilities for what stands at a place of the list. @param {number} place */
async function ask(place) {
  const answer = await fetch(`./asked/${place}`);
  const model = await session;
  const feed = model.inputNames.includes("pixels") ? await seen(await answer.blob()) : filled(await answer.json());
  const said = await model.run(feed);
  return Array.from(said.probabilities.data);
}

/**
 * As they were written: turned upright by the browser itself, no colours converted, nothing made smaller.
 * What is see-through lies on white.
 * @param {Blob} photo
 */
async function seen(photo) {
  const image = await createImageBitmap(photo, { colorSpaceConversion: "none" });
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "white";
  context.fillRect(0, 0, image.width, image.height);
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  return { pixels: new ort.Tensor("uint8", new Uint8Array(data.buffer), [image.height, image.width, 4]) };
}

/** @param {{numbers: number[], choices: number[]}} values */
function filled({ numbers, choices }) {
  return {
    numbers: new ort.Tensor("float32", Float32Array.from(numbers), [numbers.length]),
    choices: new ort.Tensor("int64", BigInt64Array.from(choices, BigInt), [choices.length]),
  };
}

Object.assign(window, { ask });
