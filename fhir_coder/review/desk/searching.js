/* Codes found while somebody types: a combobox with a list (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). A code that cannot be billed asks
   what it leaves open (side, stage, seventh character), answer by answer, until there is one that can. */

import { all, byId, make } from "./elements.js";
import { open } from "./dialogs.js";
import { codeAt, codesFor } from "./places.js";

const PAUSE_MS = 80;
/** An answer that takes longer than this says that it is looked for. */
const SLOW_MS = 300;

export class Searching {
  /** `deciding` sends what was chosen. */
  constructor(deciding) {
    this.deciding = deciding;
    this.dialog = byId("search");
    if (!this.dialog) return;
    this.form = this.dialog.querySelector("form[data-decision]");
    this.input = this.dialog.querySelector("[role=combobox], input[type=search], input[name=q]");
    this.list = this.dialog.querySelector("[role=listbox]") ?? make("ul", { id: "found", role: "listbox", "aria-label": "Codes found" });
    this.status = this.dialog.querySelector("[role=status]") ?? make("p", { role: "status", class: "quiet" });
    if (!this.status.isConnected) this.input.after(this.status);
    if (!this.list.isConnected) this.input.after(this.list);
    const roles = { role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "false", autocomplete: "off" };
    for (const [name, value] of Object.entries(roles)) this.input.setAttribute(name, value);
    this.views = [];
    this.at = -1;
    this.asking = null;
    this.purpose = {};
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take(all("[role=option]", this.list).indexOf(option));
    });
    this.dialog.addEventListener("cancel", (event) => { if (this.views.length > 1) { event.preventDefault(); this.#back(); } });
    this.dialog.addEventListener("close", () => this.#stop());
    this.form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); this.#enter(); });
  }

  /** Open for an act: `add`, or `replace` of a code; `span` is what was selected in a note, `query` what is looked for first. */
  open({ act, code = "", span = null, query = "" }) {
    if (!this.dialog || !this.form) return false;
    this.purpose = { act, code, span };
    const given = this.form.elements.namedItem("act");
    if (given) given.value = act;
    all("[data-act]", this.dialog).forEach((one) => { one.hidden = one.dataset.act !== act; });
    all("[data-act] select", this.dialog).forEach((one) => { one.disabled = one.closest("[data-act]").hidden; });
    all("[data-span-words]", this.dialog).forEach((one) => { one.textContent = span ? `Rests on: ${span.words}` : ""; });
    if (!open("search", code)) return false;
    this.input.value = query;
    this.input.focus();
    this.#show([]);
    if (query) this.#search();
    return true;
  }

  #typed() {
    this.#stop();
    this.#behind(true);
    this.soon = setTimeout(() => this.#search(), PAUSE_MS);
  }

  #stop() {
    clearTimeout(this.soon);
    this.asking?.abort();
    this.#behind(false);
  }

  /** Whether the list is still that of what was typed before: Enter then brings the new one instead of taking a code from the old. */
  #behind(isBehind) {
    this.isBehind = isBehind;
    this.list.setAttribute("aria-busy", String(isBehind));
  }

  async #search() {
    clearTimeout(this.soon);
    const query = this.input.value.trim();
    if (!query) { this.#behind(false); this.#show([]); return; }
    const answer = await this.#ask(codesFor(query));
    if (!answer) return;
    this.#behind(false);
    this.views = [];
    const found = answer.codes.map((one) => this.#code(one, one.why));
    this.#show(found, found.length ? `${found.length} found` : "Nothing found");
  }

  async #ask(address) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    const slow = setTimeout(() => { if (!asking.signal.aborted) this.status.textContent = "Searching …"; }, SLOW_MS);
    try {
      const response = await fetch(address, { signal: asking.signal, headers: { Accept: "application/json" } });
      if (response.ok) return await response.json();
      this.status.textContent = response.status === 401 ? "Your session is over: sign in again in a new tab, then search again." : "The search does not answer just now.";
    } catch (error) {
      if (error.name !== "AbortError") this.status.textContent = "The server cannot be reached. What you typed stays.";
    } finally {
      clearTimeout(slow);
    }
    return null;
  }

  /** A code as an option: taken, or asked further. */
  #code(one, why = "") {
    const note = one.billable ? why : "asks further";
    return { code: one.code, text: one.title, note, run: () => (one.billable ? this.#choose(one.code) : this.#further(one.code)) };
  }

  async #further(code) {
    const context = await this.#ask(codeAt(code));
    if (!context) return;
    const [prompt] = context.prompts;
    if (!prompt) { this.#show(context.below.map((one) => this.#code(one)), `${code}: choose one of these`, true); return; }
    const options = prompt.answers.map((answer) => ({ code: "", text: answer.text, note: answer.codes.length === 1 ? answer.codes[0].code : `${answer.codes.length} codes`, run: () => this.#answer(code, answer) }));
    this.#show(options, `${code}: ${prompt.what}?`, true);
  }

  #answer(code, answer) {
    if (answer.codes.length === 1) { this.#code(answer.codes[0]).run(); return; }
    this.#show(answer.codes.map((one) => this.#code(one)), `${code}, ${answer.text}: choose one of these`, true);
  }

  #choose(chosen) {
    const { act, code, span } = this.purpose, fields = [...new FormData(this.form)].filter(([name]) => !["act", "code", "instead", "span", "q"].includes(name));
    const reason = fields.find(([name]) => name === "reason");
    if (act === "add" && !span && !reason?.[1]) {
      if (reason) reason[1] = "missed";
      else fields.push(["reason", "missed"]);
    }
    const own = act === "replace" ? [["act", act], ["code", code], ["instead", chosen]] : [["act", act], ["code", chosen]];
    if (span) own.push(["span", span.name]);
    this.deciding.send([...own, ...fields], this.form);
  }

  #show(options, sentence = "", isFurther = false) {
    if (!isFurther) this.views = [];
    this.views.push({ options, sentence });
    this.#render();
  }

  #back() {
    this.views.pop();
    this.#render();
  }

  #render() {
    const { options, sentence } = this.views.at(-1);
    this.list.replaceChildren(...options.map((one, index) => {
      const parts = [one.code && make("span", { class: "code" }, one.code), make("span", { class: "display" }, one.text), one.note && make("span", { class: "quiet" }, one.note)];
      return make("li", { role: "option", id: `found-${index}`, "aria-selected": "false" }, ...parts.filter(Boolean).flatMap((part) => [part, " "]));
    }));
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.status.textContent = sentence;
    this.#mark(options.length ? 0 : -1);
  }

  #mark(at) {
    this.at = at;
    all("[role=option]", this.list).forEach((one, index) => {
      one.setAttribute("aria-selected", String(index === at));
      if (index === at) one.scrollIntoView({ block: "nearest" });
    });
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `found-${at}`);
  }

  #take(at) {
    this.#stop();
    this.views.at(-1)?.options[at]?.run();
  }

  #enter() {
    if (this.isBehind) this.#search();
    else this.#take(Math.max(this.at, 0));
  }

  #key(event) {
    const count = this.views.at(-1)?.options.length ?? 0;
    if (event.isComposing) return;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) this.#mark((this.at + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
    else if (event.key === "Enter") this.#enter();
    else if (event.key === "Escape" && this.views.length > 1) this.#back();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
