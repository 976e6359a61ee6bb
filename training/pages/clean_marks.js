// What was decided of each photo: seen at once, sent one after the other, and taken back in the same order.

/**
 * @typedef {{file: string, decision: "keep" | "delete" | "relabel", label: string | null, number?: number}} Mark
 * @typedef {{lines: (Mark | {undo: number})[], state: string, applied: number[]}} News
 */

/** A sentence for the person: the server could not, or would not. */
export class Fault extends Error {}

/**
 * Ask the server; throw a `Fault` when it refuses or is gone.
 * @param {string} path
 * @param {object} [sent]
 * @returns {Promise<any>}
 */
export async function ask(path, sent) {
  const options = sent && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) };
  const response = await fetch(path, options).catch(() => {
    throw new Fault("The cleaner does not run any more: start it again. What was saved is still there.");
  });
  const json = response.headers.get("Content-Type")?.startsWith("application/json");
  const said = json ? await response.json() : { fault: "The cleaner was started anew: open the address that its terminal shows." };
  if (!response.ok) throw new Fault(said.fault);
  return said;
}

export class Marks {
  /** @type {Map<string, Mark[]>} newest last */ #of = new Map();
  /** @type {Mark[]} those that can be undone here, newest last */ #mine = [];
  /** @type {Promise<unknown>} */ #last = Promise.resolve();
  #seen = 0;
  #unsaved = 0;

  /**
   * @param {(file: string) => void} changed
   * @param {(fault: Fault) => void} failed
   * @param {(news: News) => void} told
   */
  constructor(changed, failed, told) {
    this.changed = changed;
    this.failed = failed;
    this.told = told;
  }

  /** Begin with what the server knows. @param {News & {unsettled: number[]}} news */
  begin({ lines, unsettled }) {
    this.#of.clear();
    this.#seen = lines.length;
    const open = new Set(unsettled);
    this.#mine = lines.flatMap((line) => ("undo" in line || !open.has(line.number ?? -1) ? [] : [line]));
    for (const mark of this.#mine) this.#put(mark);
  }

  /** The mark that holds of a photo. @param {string} file */
  of(file) {
    return this.#of.get(file)?.at(-1);
  }

  get all() {
    return [...this.#of.values()].flatMap((marks) => marks.slice(-1));
  }

  get undoable() {
    return this.#mine.length > 0;
  }

  get unsaved() {
    return this.#unsaved;
  }

  /** @param {Mark} mark */
  add(mark) {
    this.#put(mark);
    this.#mine.push(mark);
    this.#send("mark", () => ({ file: mark.file, decision: mark.decision, label: mark.label }), mark, () => this.#drop(mark));
    this.changed(mark.file);
  }

  /** Take back what was marked last; return it. @returns {Mark | undefined} */
  undo() {
    const mark = this.#mine.pop();
    if (!mark) return undefined;
    // Its number is known once it was saved, and it is saved before this is sent; one that could not be has none.
    this.#send("undo", () => (mark.number === undefined ? null : { number: mark.number }), undefined, () => {
      this.#put(mark);
      this.#mine.push(mark);
      this.changed(mark.file);
    });
    this.#drop(mark);
    return mark;
  }

  /** Learn what other pages have marked. */
  refresh() {
    this.#last = this.#last.then(async () => this.#learn(await ask(`marks?since=${this.#seen}`))).catch(() => {});
  }

  /** Wait until everything is saved. */
  async saved() {
    await this.#last;
  }

  /** @param {Mark} mark */
  #put(mark) {
    const marks = this.#of.get(mark.file) ?? [];
    if (!this.#of.has(mark.file)) this.#of.set(mark.file, marks);
    if (!marks.some((each) => each === mark || (mark.number !== undefined && each.number === mark.number))) marks.push(mark);
  }

  /** @param {Mark} mark */
  #drop(mark) {
    const left = (this.#of.get(mark.file) ?? []).filter((each) => each !== mark);
    if (left.length) this.#of.set(mark.file, left);
    else this.#of.delete(mark.file);
    this.#mine = this.#mine.filter((each) => each !== mark);
    this.changed(mark.file);
  }

  /**
   * @param {"mark" | "undo"} path
   * @param {() => object | null} what
   * @param {Mark | undefined} mark that is told its number
   * @param {() => void} revert
   */
  #send(path, what, mark, revert) {
    this.#unsaved += 1;
    this.#last = this.#last.then(async () => {
      try {
        const sent = what();
        if (sent) this.#learn(await ask(path, { ...sent, since: this.#seen }), mark);
      } catch (fault) {
        revert();
        this.failed(fault instanceof Fault ? fault : new Fault(String(fault)));
      } finally {
        this.#unsaved -= 1;
        this.changed("");
      }
    });
  }

  /** @param {News} news @param {Mark} [mine] which is the last of the lines */
  #learn(news, mine) {
    this.#seen += news.lines.length;
    news.lines.forEach((line, at) => {
      if ("undo" in line) this.#undone(line.undo);
      else if (mine && at === news.lines.length - 1) mine.number = line.number;
      else {
        this.#put(line);
        this.changed(line.file);
      }
    });
    this.told(news);
  }

  /** @param {number} number */
  #undone(number) {
    const mark = [...this.#of.values()].flat().find((each) => each.number === number);
    if (mark) this.#drop(mark);
  }
}
