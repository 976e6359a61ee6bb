// Ten thousand photos of which only those in sight are elements: a listbox that scrolls by itself.

const SPARE = 2; // rows drawn above and below what is in sight
const WORDS = 3.4; // rem beneath each picture

/**
 * @template Item
 * @typedef {object} Drawing
 * @property {() => HTMLElement} begin an empty option
 * @property {(option: HTMLElement, item: Item) => void} fill
 * @property {(item: Item | undefined) => void} moved
 */

/** @template Item */
export class Grid {
  /** @type {Item[]} */ #items = [];
  /** @type {Map<number, HTMLElement>} */ #drawn = new Map();
  /** @type {HTMLElement[]} */ #spare = [];
  #at = 0;
  #columns = 1;
  #row = 1; // pixels
  #asked = false;
  #tall = document.createElement("div");

  /** @param {HTMLElement} box @param {Drawing<Item>} drawing */
  constructor(box, drawing) {
    this.box = box;
    this.drawing = drawing;
    this.#tall.className = "tall";
    this.#tall.role = "presentation";
    box.append(this.#tall);
    box.addEventListener("scroll", () => this.#soon());
    box.addEventListener("click", (event) => this.#clicked(event));
    new ResizeObserver(() => this.#measure()).observe(box);
  }

  get item() {
    return /** @type {Item | undefined} */ (this.#items[this.#at]);
  }

  get items() {
    return this.#items;
  }

  get columns() {
    return this.#columns;
  }

  /** How many rows fit into sight. */
  get page() {
    return Math.max(1, Math.floor(this.box.clientHeight / this.#row));
  }

  /** Show other items, beginning at one of them. @param {Item[]} items @param {number} at */
  show(items, at) {
    this.#items = items;
    for (const index of [...this.#drawn.keys()]) this.#letGo(index);
    this.#measure();
    this.go(at);
  }

  /** Make the item at a place the current one, and bring it into sight. @param {number} at */
  go(at) {
    this.#at = Math.max(0, Math.min(this.#items.length - 1, at));
    const top = Math.floor(this.#at / this.#columns) * this.#row;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + this.#row > scrollTop + clientHeight) this.box.scrollTop = top + this.#row - clientHeight;
    this.#draw();
    this.drawing.moved(this.item);
  }

  /** @param {number} by */
  move(by) {
    this.go(this.#at + by);
  }

  /** Draw an item anew, where it is in sight. @param {(item: Item) => boolean} which */
  again(which) {
    for (const [index, option] of this.#drawn) if (which(this.#items[index])) this.drawing.fill(option, this.#items[index]);
  }

  /** @param {Event} event */
  #clicked(event) {
    const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    for (const [index, each] of this.#drawn) if (each === option) this.go(index);
  }

  #measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.box.clientWidth;
    if (!width) return;
    this.#columns = Math.max(1, Math.min(8, Math.floor(width / (9 * rem))));
    const card = Math.floor(width / this.#columns);
    this.#row = Math.round(card * 0.75 + WORDS * rem);
    this.#tall.style.height = `${Math.ceil(this.#items.length / this.#columns) * this.#row}px`;
    this.box.style.setProperty("--card", `${card}px`);
    this.box.style.setProperty("--row", `${this.#row}px`);
    for (const [index, option] of this.#drawn) this.#place(option, index);
    this.#draw();
  }

  #soon() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #draw() {
    const { scrollTop, clientHeight } = this.box;
    const first = Math.max(0, Math.floor(scrollTop / this.#row) - SPARE) * this.#columns;
    const last = Math.min(this.#items.length, (Math.ceil((scrollTop + clientHeight) / this.#row) + SPARE) * this.#columns);
    for (const index of [...this.#drawn.keys()]) if (index < first || index >= last) this.#letGo(index);
    // From the last to the first, so that each finds its place before the next: elements stand in the photos' order.
    for (let index = last - 1; index >= first; index -= 1) {
      const option = this.#drawn.get(index) ?? this.#take(index);
      const current = index === this.#at;
      if (option.ariaSelected !== String(current)) option.ariaSelected = String(current);
    }
    if (this.#drawn.has(this.#at)) this.box.setAttribute("aria-activedescendant", `photo-${this.#at}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  #take(index) {
    const option = this.#spare.pop() ?? this.drawing.begin();
    option.role = "option";
    option.id = `photo-${index}`;
    option.ariaPosInSet = String(index + 1);
    option.ariaSetSize = String(this.#items.length);
    this.#place(option, index);
    this.drawing.fill(option, this.#items[index]);
    this.#drawn.set(index, option);
    this.#tall.insertBefore(option, this.#drawn.get(index + 1) ?? null);
    return option;
  }

  /** @param {HTMLElement} option @param {number} index */
  #place(option, index) {
    const left = (index % this.#columns) * 100;
    option.style.transform = `translate(${left}%, ${Math.floor(index / this.#columns) * this.#row}px)`;
  }

  /** @param {number} index */
  #letGo(index) {
    const option = this.#drawn.get(index);
    this.#drawn.delete(index);
    if (!option) return;
    option.remove();
    this.#spare.push(option);
  }
}
