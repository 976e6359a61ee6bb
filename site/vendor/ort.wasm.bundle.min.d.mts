/** The names this site uses of ONNX Runtime Web. */
export class Tensor {
  constructor(type: "uint8" | "float32" | "int64", data: Uint8Array | Float32Array | BigInt64Array, dims: number[]);
  readonly data: Float32Array;
  readonly dims: readonly number[];
}
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feed: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}
export const InferenceSession: { create(model: Uint8Array, options?: object): Promise<Session> };
export const env: { wasm: { numThreads: number; wasmBinary?: ArrayBuffer } };
