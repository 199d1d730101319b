/* Decisions are sent one at a time, each on the version that the answer before it told. What could not be sent waits and is sent again when the
   person says so: a decision is never lost, and never sent twice by itself. People are quicker than the server, so what they do meanwhile is looked at when
   it is sent: a form that waits already is not sent a second time, and a place in the order is reckoned from the order of then. */

import { byId, make, say, stateOf } from "./elements.js";
import { used } from "./leaving.js";
import { swap } from "./swapping.js";

const SESSION_OVER = 401;
const IN_THE_WAY = 409;
const TOO_OFTEN = 429;
const FORBIDDEN = 403;
/** What is refused so was looked at: the token was right. */
const TAKEN = new Set([IN_THE_WAY, 422]);
/** What the page itself adds when a decision is sent. */
const OWN = new Set(["csrf", "version", "marks", "left_out"]);
/** Fields of which the answer shows the code that is to be selected then. */
const COMES = { add: "code", replace: "instead", restore: "code" };

export class Deciding {
  /** `settled(decision, answer)` is told of each that was kept, `refused(decision, sentence)` of each that was not, `over(decision)` of a session that is over.
      `begun()` is told of each that the person makes, `back()` that the server took the token of the page, and `renew()` says whether the page has the token of a newer session now. */
  constructor(desk, { settled, refused, over, begun, back, renew }) {
    this.desk = desk;
    this.tell = { settled, refused, over, begun, back, renew };
    this.waiting = [];
    this.isSending = false;
    this.isPaused = false;
    this.version = null;
    this.csrf = null;
    this.hasDecided = false;
    window.addEventListener("beforeunload", (event) => { if (this.waiting.length) event.preventDefault(); });
  }

  /** Any form of the page that decides; null where the person may only look. */
  get form() {
    return document.querySelector("form[data-decision]");
  }

  /** The fields of a form as they are now, the pressed button's too. */
  read(form, button = null) {
    return this.send([...new FormData(form, button)], form);
  }

  /** Send fields ([name, value]) in turn, or what a function of then gives (null: nothing). `form` is where they were typed, if anywhere. */
  send(fields, form = null) {
    const from = form ?? this.form;
    if (!from) { say("This review can be looked at only."); return; }
    this.version ??= value(from, "version");
    this.csrf ??= value(from, "csrf");
    const typed = form ? stateOf(form) : "", what = `${typed} ${fields}`; // a form may decide by which of its buttons was pressed
    if (form && value(from, "act") !== "undo" && this.waiting.some((one) => one.form && one.what === what)) return;
    this.tell.begun();
    this.waiting.push({ given: fields, form, typed, what, address: from.action });
    if (this.isPaused) this.#banner("Decisions wait.");
    else this.#next();
  }

  /** Go on with what waits. */
  again() {
    this.isPaused = false;
    this.#banner("");
    this.#next();
  }

  /** Another person came in: nothing of this one is sent. */
  discard() {
    this.waiting.length = 0;
  }

  /** Leave what waits; what was typed stays in its form. */
  leave() {
    this.discard();
    this.again();
    say("What waited was not sent.");
  }

  async #next() {
    if (this.isSending || this.isPaused || !this.waiting.length) return;
    this.isSending = true;
    document.body.setAttribute("aria-busy", "true");
    try {
      await this.#send(this.waiting[0]);
    } finally {
      this.isSending = false;
      document.body.removeAttribute("aria-busy");
    }
    this.#next();
  }

  async #send(decision) {
    const fields = typeof decision.given === "function" ? decision.given() : decision.given;
    if (!fields) { this.waiting.shift(); return; }
    decision.fields = fields.filter(([name]) => !OWN.has(name));
    decision.act = decision.fields.find(([name]) => name === "act")?.[1] ?? "";
    const shown = [["marks", byId("notes")?.dataset.marks ?? ""], ["left_out", byId("left-out")?.dataset.name ?? ""]];
    const body = new URLSearchParams([...decision.fields, ["csrf", this.csrf], ["version", this.version], ...shown]);
    let response, answer;
    try {
      response = await fetch(decision.address, { method: "POST", body, headers: { Accept: "application/json" } });
      answer = await response.json().catch(() => ({}));
    } catch {
      this.#pause("The server cannot be reached.");
      return;
    }
    if (response.status !== SESSION_OVER) used();
    if (response.ok || TAKEN.has(response.status)) this.tell.back(); // before the answer is put in its place
    if (response.ok && answer.version !== undefined) this.#keep(decision, answer);
    else if (response.status === SESSION_OVER) { this.isPaused = true; this.tell.over(decision); }
    else if (response.ok || response.status >= 500 || response.status === TOO_OFTEN) this.#pause(answer.error ?? "The server could not do this just now.");
    else if (response.status === FORBIDDEN && await this.tell.renew()) return; // the same decision goes with the newer token
    else this.#refuse(decision, answer, response.status);
  }

  #keep(decision, answer) {
    this.waiting.shift();
    this.hasDecided = true;
    this.show(answer, decision);
    this.tell.settled(decision, answer);
    say(answer.said ?? ""); // after its dialog has closed
  }

  #refuse(decision, answer, status) {
    this.waiting.shift();
    const sentence = answer.error ?? `This was refused (${status}).`;
    if (status === IN_THE_WAY) this.show(answer);
    this.tell.refused(decision, sentence);
    if (status === IN_THE_WAY && this.waiting.length) this.#pause("The review changed meanwhile: look at it before you send the rest.");
  }

  /** Show the regions of an answer; the selected code stays selected, or the one that the decision brought. */
  show(answer, decision = null) {
    if (answer.version !== undefined) this.version = String(answer.version);
    const comes = decision && decision.fields.find(([name]) => name === COMES[decision.act])?.[1];
    const code = comes || this.desk.code, refocus = swap(answer);
    this.desk.renew(code);
    refocus();
  }

  #pause(sentence) {
    this.isPaused = true;
    this.#banner(sentence);
  }

  /** Tell again that decisions wait. */
  remind(sentence) {
    if (this.isPaused) this.#banner(sentence);
  }

  #banner(sentence) {
    byId("unsent")?.remove();
    if (!sentence || !this.waiting.length) return;
    const count = this.waiting.length === 1 ? "One decision waits." : `${this.waiting.length} decisions wait.`;
    const again = make("button", { type: "button", class: "small" }, "Send again"), leave = make("button", { type: "button", class: "plain small" }, "Do not send");
    again.addEventListener("click", () => this.again());
    leave.addEventListener("click", () => this.leave());
    const banner = make("div", { id: "unsent", class: "notice unsent", role: "alert" }, make("p", {}, `${sentence} ${count}`), again, " ", leave);
    (document.querySelector("dialog[open]") ?? document.querySelector(".desk-regions").parentElement).prepend(banner);
  }
}

const value = (form, name) => form.elements.namedItem(name)?.value ?? null;
