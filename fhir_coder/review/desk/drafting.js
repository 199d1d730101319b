/* What is typed in a dialog is kept on the server a moment after the typing stops, and is there again when the page is opened another time. */

import { open } from "./dialogs.js";
import { all, byId, make } from "./elements.js";
import { used } from "./leaving.js";
import { DRAFT, DRAFTED } from "./places.js";

const STILL_MS = 1000;
const NAMES = { reject: "why a code is turned down", replace: "a replacement", add: "an added code", comment: "a comment", ask: "a question to the provider", hold: "holding the review", reopen: "reopening", "sign-off": "signing off" };

export class Drafting {
  /** `deciding` knows the token of the forms. */
  constructor(deciding) {
    this.deciding = deciding;
    this.found = null;
    this.pending = null;
    document.addEventListener("input", (event) => this.#typed(event.target));
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") this.#save(); });
    window.addEventListener("pagehide", () => this.#save());
    document.addEventListener("opened", (event) => this.#fill(event.target));
    this.#fetch();
  }

  /** A decision was kept: the server has removed its draft. */
  settled(decision) {
    const code = decision.fields.find(([name]) => name === "code")?.[1] ?? "";
    if (this.pending?.act === decision.act) this.#drop();
    if (this.found?.act === decision.act && this.found.code === code) { this.found = null; byId("kept-words")?.remove(); }
  }

  #typed(field) {
    const { form } = field;
    if (field.tagName !== "TEXTAREA" || !form?.matches("form[data-decision]")) return;
    const of = (name) => form.elements.namedItem(name)?.value ?? "";
    clearTimeout(this.soon);
    this.pending = { csrf: this.deciding.csrf ?? of("csrf"), act: of("act"), code: of("code"), text: field.value };
    this.soon = setTimeout(() => this.#save(), STILL_MS);
  }

  #drop() {
    clearTimeout(this.soon);
    this.pending = null;
  }

  /** What cannot be kept now stays in the form, and is kept with the next letters. */
  async #save() {
    if (!this.pending) return;
    const draft = this.pending;
    this.#drop();
    this.found = draft.text.trim() ? draft : null;
    const response = await fetch(DRAFT, { method: "POST", keepalive: true, body: new URLSearchParams({ ...draft, csrf: this.deciding.csrf ?? draft.csrf }) }).catch(() => null);
    if (response?.ok) used();
  }

  async #fetch() {
    if (!this.deciding.form) return;
    const response = await fetch(DRAFTED, { headers: { Accept: "application/json" } }).catch(() => null);
    const found = response?.ok ? await response.json() : {};
    if (!found.text || this.found || this.pending) return;
    this.found = found;
    const dialog = all("dialog form[data-decision]").find((form) => form.elements.namedItem("act")?.value === found.act)?.closest("dialog");
    const go = make("button", { type: "button", class: "small" }, "Open"), close = make("button", { type: "button", class: "plain small" }, "Close this");
    const sentence = `Words that you typed and did not send are kept: ${NAMES[found.act] ?? found.act}${found.code ? ` (${found.code})` : ""}.`;
    const notice = make("div", { id: "kept-words", class: "notice", role: "status" }, make("p", {}, sentence), ...(dialog ? [go, " "] : []), close);
    go.addEventListener("click", () => { notice.remove(); open(dialog.id, found.code); });
    close.addEventListener("click", () => notice.remove());
    document.querySelector(".desk-regions").before(notice);
  }

  #fill(dialog) {
    if (!this.found) return;
    for (const form of all("form[data-decision]", dialog)) {
      const field = form.querySelector("textarea"), of = (name) => form.elements.namedItem(name)?.value ?? "";
      if (field && !field.value && of("act") === this.found.act && of("code") === this.found.code) field.value = this.found.text;
    }
  }
}
