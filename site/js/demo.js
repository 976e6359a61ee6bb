// A demo's page: its fields, its question, its examples.

import { render } from "../vendor/preact-htm.js";
import { checkField, checkInput, isPhoto, predictionHolds } from "./contract.js";
import { mark, openPlace, remind, uncover } from "./examples.js";
import { fieldIn, inputOf, partsOf, wrongIn } from "./form.js";
import { after, givenIn } from "./question.js";
import { ask } from "./routes.js";
import { LONG, answer, label, refusal, span } from "./view.js";
import { say } from "./words.js";

/**
 * @typedef {import("./view.js").State} State
 * @typedef {import("./view.js").Question} Question
 * @typedef {import("./routes.js").Answer} Answer
 * @typedef {import("./form.js").Field} Field
 * @typedef {import("./routes.js").Fault} Fault
 * @typedef {import("./contract.js").Contract} Contract
 */

/** Kinds of fields whose values may stand in an address: see link.js. */
const SHARED = ["text", "number", "slider", "checkbox", "choice", "choices", "color", "date"];

/** What is said where a part of this page did not come. */
const BROKEN = () => ({ kind: "page-broken", detail: say("fault.page-broken"), retryable: false });

/** Milliseconds in which a question may be over before any words are worth reading. */
const MOMENT = 500;

/** What a visitor does on the page of a demo, and what becomes of it. */
export class Demo {
  /** @type {Map<string, Field>} */
  fields = new Map();
  /** @type {import("./view.js").Draw | null} how an answer is drawn, once what that needs is here */
  draw = null;
  /** @type {Promise<boolean> | null} */
  preparing = null;
  /** @type {State} */
  state = { name: "idle", ready: false };
  /** @type {Question | null} what was asked, until its answer has been seen */
  asking = null;
  /** @type {import("./view.js").Words | null} for those who wait longer than a moment */
  words = null;
  /** @type {Promise<unknown> | null} */
  learning = null;
  tick = 0; // the timer that draws anew
  changed = false; // since the question

  /**
   * @param {HTMLElement} main the page's; it may be out of sight while a question goes on
   * @param {AbortSignal} left aborted when the page is left for good
   */
  constructor(main, left) {
    this.main = main;
    this.left = left;
    this.bridge = main.dataset.bridge ?? "";
    this.home = main.dataset.home ?? ""; // below which the examples are, whatever the language
    this.region = this.find("#answer");
    this.reminder = this.find("#reminder");
    this.form = this.find("form");
    this.button = this.find(".actions button");
    /** @type {HTMLElement[]} */
    this.places = [...main.querySelectorAll(".field")].filter((place) => place instanceof HTMLElement);
    /** @type {Contract} */
    this.contract = JSON.parse(this.find("#contract").textContent ?? "");
    /** @type {import("./device.js").Models} */
    this.models = JSON.parse(main.querySelector("#models")?.textContent ?? "{}");
    this.region.replaceChildren(); // from here on Preact's
    this.show({ name: "idle", ready: false });
    this.begun = this.begin().then(() => true, () => this.broken());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    // Of several steps, only what depends on a slider is asked anew, and that is quick.
    this.form.addEventListener("change", (event) => {
      const { type } = /** @type {HTMLInputElement} */ (event.target);
      const asked = this.state.name === "answered" && this.state.answer.route !== "saved";
      if (type === "range" && asked && Object.keys(this.contract.steps).length > 1) this.submit();
    });
    this.form.addEventListener("input", (event) => {
      if (/** @type {HTMLInputElement} */ (event.target).type !== "file") this.edited();
    });
    // Opening the same example again changes no address, so the click itself opens it.
    this.main.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest(".examples a, #answer a[href^='#']");
      if (!link || /** @type {HTMLAnchorElement} */ (link).hash !== location.hash) return;
      event.preventDefault();
      openPlace(this);
    });
    for (const event of ["pointerover", "focusin"]) main.addEventListener(event, () => this.prepare(), { once: true });
    addEventListener("hashchange", () => main.isConnected && openPlace(this), { signal: left });
    left.addEventListener("abort", () => this.forget());
  }

  /** Fetch what this page's fields need, where they are more than a photo. */
  async begin() {
    const { input } = this.contract;
    for (const place of this.places) {
      const name = place.dataset.field ?? "";
      const offered = (/** @type {any} */ value) => this.offer(name, value);
      this.fields.set(name, await fieldIn(place, input.properties[name], { leaving: this.left, offered }));
    }
    if (!this.left.aborted) openPlace(this);
  }

  /** Fetch what draws answers: when somebody means to ask, and at the latest while the model is asked. False: it did not come. */
  prepare() {
    const plain = this.contract.prediction.kind === "label"; // can be drawn without, only not be copied
    return (this.preparing ??= this.fetched().then(() => true, () => {
      this.preparing = null;
      this.draw ??= plain ? label : null;
      return plain;
    }));
  }

  async fetched() {
    const { prediction, steps } = this.contract;
    const [{ drawing, prepare }, { inSteps }] = await Promise.all([import("./drawings.js"), import("./steps.js")]);
    prepare(prediction);
    this.draw = Object.keys(steps).length > 1 ? inSteps(this.contract, drawing) : drawing;
    if (this.state.name === "waiting") this.wait();
  }

  broken() {
    this.fail(BROKEN(), false);
    return false;
  }

  /** @param {State} state */
  show(state) {
    const focused = this.region.contains(document.activeElement);
    clearTimeout(this.tick);
    const looked = this.region.querySelector(".looked");
    const same = state.name === "answered" && this.state.name === "answered" && state.answer === this.state.answer;
    if (looked && !same) render(null, looked);
    this.state = state;
    this.main.dataset.state = state.name;
    this.button.setAttribute("aria-disabled", String(this.busy));
    // Who waits hears what changed; whatever ends the wait is heard whole.
    this.region.setAttribute("aria-atomic", String(state.name !== "waiting"));
    render(answer(this.contract, state, this.draw), this.region);
    this.advise(state.name === "failed" ? state.until : 0);
    for (const place of this.places) {
      const wrong = state.name === "failed" && state.beside && state.fault.field === place.dataset.field;
      render(wrong ? refusal(this.contract, state) : null, /** @type {Element} */ (place.querySelector(".refusal")));
      const control = place.querySelector("[aria-describedby]");
      if (wrong) control?.setAttribute("aria-invalid", "true");
      else control?.removeAttribute("aria-invalid");
    }
    this.find(".changed").hidden = !(this.changed && state.name === "answered");
    if (focused && !this.region.contains(document.activeElement)) (this.reminder.querySelector("button") ?? this.button).focus();
  }

  /** Say beside the button when asking again makes sense. @param {number} until as the clock of the page has it */
  advise(until) {
    const left = (until - performance.now()) / 1000;
    this.find(".again").textContent = left > 0 ? say("next.again", { span: span(left) }) : "";
    if (left > 0) this.tick = setTimeout(() => this.advise(until), 1000);
  }

  /** Whether Ask has nothing to do: what the form holds is being asked. */
  get busy() {
    return this.state.name === "waiting" && !this.changed;
  }

  /** Say what is wrong, beside the field that it is about. @param {Fault} fault @param {boolean} kept */
  fail(fault, kept) {
    const beside = this.places.some((place) => place.dataset.field === fault.field);
    this.show({ name: "failed", fault, kept, beside, until: fault.after ? performance.now() + fault.after * 1000 : 0 });
  }

  /** Stand where a refused field can be mended. @param {string | undefined} name */
  stand(name) {
    const place = this.places.find((each) => each.dataset.field === name);
    const control = place?.querySelector("input, select, textarea");
    if (control instanceof HTMLElement) control.focus();
  }

  /** Stop waiting for an answer nobody wants any more. */
  forget() {
    this.asking?.ending.abort();
    this.asking = null;
    remind(this);
  }

  /** Take files that were given, or say what is wrong with them; those before stay. @param {string} name @param {any} offered */
  offer(name, offered) {
    const fault = "detail" in offered ? offered : checkField(this.contract, name, offered);
    this.forget();
    if (fault) {
      // Of several files, some may have been taken: then what is seen is no longer the one before.
      this.fail(fault, !offered.rest && this.fields.get(name)?.value() !== undefined);
      return false;
    }
    this.show({ name: "idle", ready: true });
    mark(this, null);
    return true;
  }

  /** Something else than a file was changed: what was answered stays, and is said to be older. */
  edited() {
    this.changed = true;
    mark(this, null);
    if (this.state.name === "failed") this.show({ name: "idle", ready: false });
    // What the form holds is not what was looked at.
    if (this.state.name === "answered") this.show({ ...this.state, look: undefined });
    this.button.setAttribute("aria-disabled", String(this.busy));
    this.find(".changed").hidden = this.state.name !== "answered";
  }

  async submit() {
    if (!(await this.begun)) return;
    await Promise.all([...this.fields.values()].map((field) => field.settled()));
    if (this.busy || this.left.aborted) return;
    this.forget();
    const wrong = wrongIn(this.fields) ?? checkInput(this.contract, inputOf(this.fields));
    if (wrong) {
      this.fail(wrong, false);
      return this.stand(wrong.field);
    }
    this.changed = false;
    const question = { ...this.asked, here: this.main.querySelector("#here:checked") !== null };
    const asking = (this.asking = { ending: new AbortController(), begun: performance.now(), photos: givenIn(question.parts, this.left) });
    this.wait();
    uncover(this.region);
    const hear = (/** @type {string} */ event, /** @type {any} */ about) => this.hear(asking, event, about);
    const [told, drawable] = await Promise.all([ask(question, asking.ending.signal, hear), this.prepare()]);
    if (this.asking !== asking) return; // cancelled, or another question took its place
    const ended = (this.asking.ended = drawable || "kind" in told ? told : BROKEN());
    if (this.asking.back) remind(this);
    else this.finish(ended);
  }

  /** What the form holds, and whom it may be asked of. */
  get asked() {
    const { bridge, contract, models } = this;
    return { bridge, contract, models, input: inputOf(this.fields), parts: partsOf(this.fields) };
  }

  /** What happens before the answer; the latest counts. @param {Question} asking @param {string} event @param {any} about */
  hear(asking, event, about) {
    const at = performance.now();
    const before = asking.news;
    if (event === "step") asking.steps = after(asking.steps, about);
    else if (event !== "partial") asking.news = { event, about, at, since: before?.event === event ? before.since : at };
    else if (predictionHolds(this.contract, about?.prediction)) asking.partial = about.prediction;
    if (at - asking.begun > MOMENT) this.wait();
  }

  /** Draw the wait as it is by now, and each second anew. */
  wait() {
    const { asking } = this;
    if (!asking || asking.back) return;
    const waited = performance.now() - asking.begun;
    if (asking.news || asking.partial !== undefined || waited > LONG) this.learn();
    const cancel = () => {
      this.forget();
      this.show({ name: "idle", ready: true });
    };
    this.show({ name: "waiting", asking, waited, words: this.words, files: `${this.bridge}/`, cancel });
    this.tick = setTimeout(() => this.wait(), waited < MOMENT ? MOMENT : 1000);
  }

  /** Fetch the words for those who wait; plain ones stand where they do not arrive. */
  learn() {
    if (!navigator.onLine) return;
    this.learning ??= import("./waiting.js").then((words) => {
      this.words = words;
      this.wait();
    }, () => null);
  }

  /** Show what became of the question. @param {Answer | Fault} ended */
  finish(ended) {
    const photos = this.asking?.photos;
    this.asking = null;
    if (!("kind" in ended)) return this.show({ name: "answered", answer: ended, photos, ...this.more(ended) });
    this.fail(ended, false);
    this.stand(ended.field);
  }

  /** What else an answer offers: what the model looked at, and a link to what was asked. @param {Answer} [answer] @returns {{look?: () => void, share?: () => void}} */
  more(answer) {
    const { input, prediction, steps } = this.contract;
    const fields = Object.values(input.properties);
    const photo = fields.length === 1 && isPhoto(fields[0]) && !this.changed; // it is in the form
    const looks = photo && prediction.kind === "label" && Object.keys(steps).length === 1 && this.models[this.contract.demo];
    const shares = fields.some(({ kind }) => SHARED.includes(kind));
    const offers = () => import("./offers.js");
    return {
      look: looks ? async () => (await offers()).look(this, answer?.looked) : undefined,
      share: shares ? async () => (await offers()).share(this) : undefined,
    };
  }

  /** @param {Record<string, any>} input @param {string} alt */
  fill(input, alt) {
    this.changed = false;
    for (const [name, field] of this.fields) field.fill(input[name], alt);
  }

  /** @param {string} selector @returns {HTMLElement} */
  find(selector) {
    const element = this.main.querySelector(selector);
    if (!(element instanceof HTMLElement)) throw new Error(`This page has no ${selector}.`);
    return element;
  }
}
