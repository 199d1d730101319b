/* Dialogs that the server wrote: a button opens one for the selected code. Words that are typed in it stay until they are sent. */

import { all, byId, make, panel, say, stateOf } from "./elements.js";

/** Words that were typed and not sent, by what they are about: what was typed of one code is never sent of another. */
const unsent = new Map();
const subjectOf = (form) => ["act", "code", "finding"].map((name) => form.elements.namedItem(name)?.value ?? "").join(" ");

/** Open the dialog of that id for a code; `given` are values of its fields by name. Gives it, or null where it is not on the page. */
export function open(id, code = "", given = {}) {
  const dialog = byId(id);
  if (!dialog || dialog.open) return null;
  for (const form of all("form[data-decision]", dialog)) fill(form, { finding: "", ...given, code });
  for (const one of all("[data-for-code]", dialog)) {
    one.textContent = code || one.dataset.forCode; // what it is about without a code
    one.classList.toggle("code", code !== "");
  }
  complain(dialog, "");
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("opened", { bubbles: true }));
  all("input:not([type=hidden]), select, textarea", dialog).find((one) => one.checkVisibility())?.focus();
  return dialog;
}

/** What was typed before about the same comes again, and what was typed about another waits; the service lines are those that the code has. */
function fill(form, given) {
  const before = subjectOf(form), words = form.querySelector("textarea");
  for (const [name, value] of Object.entries(given)) {
    const field = form.elements.namedItem(name);
    if (field?.type === "hidden") field.value = value;
  }
  if (words) {
    if (before !== subjectOf(form)) {
      unsent.set(before, words.value);
      form.reset();
      words.value = unsent.get(subjectOf(form)) ?? "";
    }
    words.value ||= given.text ?? "";
  }
  const lines = (panel()?.dataset.lines ?? "").split(" ");
  for (const box of all("input[name=line]", form)) box.checked = lines.includes(box.value);
}

/** Say in the dialog, or on the page, what was not done. */
export function complain(where, sentence) {
  const own = where?.closest?.("dialog"), now = own?.isConnected ? own : own && byId(own.id), dialog = now?.open ? now : null; // a region may have been written anew
  const outer = dialog ?? document.querySelector(".desk-regions").parentElement;
  outer.querySelector(":scope > .refusal")?.remove();
  if (!sentence) return;
  const close = make("button", { type: "button", class: "plain small" }, "Close this"), notice = make("div", { class: "notice refusal", role: "alert" }, make("p", {}, sentence));
  if (!dialog) notice.append(close);
  close.addEventListener("click", () => notice.remove());
  outer.prepend(notice);
}

/** A decision was kept: its dialog closes, and what was typed there is done with, unless it is about something else by now or somebody went on typing. */
export function finish(form, typed) {
  const dialog = form?.closest("dialog");
  if (!dialog || stateOf(form) !== typed) return;
  form.reset();
  unsent.delete(subjectOf(form));
  for (const one of new Set([dialog, byId(dialog.id)])) if (one?.open) one.close();
}

/** Enter in a list of reasons, and Ctrl+Enter in any field, send the form. */
function sendByKey(event) {
  const form = event.target.closest("dialog[open] form[data-decision]");
  if (!form || event.key !== "Enter" || event.isComposing || event.defaultPrevented) return;
  if (!event.ctrlKey && !event.metaKey && event.target.tagName !== "SELECT") return;
  event.preventDefault();
  form.requestSubmit();
}

export function startDialogs(desk) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (!opener) return;
    event.preventDefault();
    const code = opener.closest(".panel")?.dataset.code ?? opener.dataset.code ?? (opener.closest("#inspector") ? desk.code : "");
    if (!open(opener.dataset.dialog, code, { ...opener.dataset })) say("This cannot be done now.");
  });
  document.addEventListener("keydown", sendByKey);
  document.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest("dialog").close());
  document.addEventListener("close", (event) => {
    const unsent = byId("unsent");
    if (unsent && event.target.contains(unsent)) document.querySelector(".desk-regions").before(unsent);
    const active = document.activeElement; // until the next frame it may be a field that the dialog took with it
    if (!active || active === document.body || event.target.contains(active)) document.querySelector(".pick[aria-current]")?.focus({ preventScroll: true });
  }, true);
}
