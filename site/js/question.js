// What is known of a question while it is asked: the files it is about, and how far its steps are.

/** @typedef {import("./view.js").Question} Question */

/**
 * The files of a question, to stand beside what is said of them; there once they have been read.
 * @param {Promise<[string, import("./form.js").Part][]>} parts
 * @param {AbortSignal} left
 */
export function givenIn(parts, left) {
  /** @type {import("./view.js").Photo[]} */
  const photos = [];
  parts.then((all) => {
    for (const [, { content, name = "" }] of all) if (content instanceof Blob) photos.push({ url: URL.createObjectURL(content), name });
  }, () => null);
  left.addEventListener("abort", () => photos.forEach(({ url }) => URL.revokeObjectURL(url)));
  return photos;
}

/** What is known of the steps after one more was told of. @param {Question["steps"]} steps @param {any} about @returns {Question["steps"]} */
export function after(steps = {}, { step, at, prediction, ...told }) {
  const before = steps[step] ?? {};
  if (at === undefined) return { ...steps, [step]: { ...before, ...told, prediction: prediction ?? before.prediction } };
  const several = [...(before.prediction ?? [])];
  if (told.state !== "asking") several[at] = prediction ?? null; // which stands for one that failed
  const failed = (before.failed ?? []).filter((each) => each.at !== at).concat(told.fault ? { at, fault: told.fault } : []);
  return { ...steps, [step]: { ...before, state: "asking", prediction: several, failed } };
}
