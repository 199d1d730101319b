/* Dialogs that the server wrote: a button opens one for the selected code. Words that are typed in it stay until they are sent. */

import { all, byId, make, say } from "./elements.js";

/** Open the dialog of that id for a code. Gives it, or null where it is not on the page. */
export function open(id, code = "") {
  const dialog = byId(id);
  if (!dialog || dialog.open) return null;
  dialog.opener = document.activeElement;
  for (const form of all("form[data-decision]", dialog)) {
    const field = form.elements.namedItem("code");
    if (field?.type === "hidden") field.value = code;
  }
  all("[data-for-code]", dialog).forEach((one) => { one.textContent = code; });
  complain(dialog, "");
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("opened"));
  all("input:not([type=hidden]), select, textarea", dialog).find((one) => one.checkVisibility())?.focus();
  return dialog;
}

/** Say in the dialog, or on the page, what was not done. */
export function complain(where, sentence) {
  const dialog = where?.closest?.("dialog[open]"), outer = dialog ?? document.querySelector(".desk-regions").parentElement;
  outer.querySelector(":scope > .refusal")?.remove();
  if (!sentence) return;
  const close = make("button", { type: "button", class: "plain small" }, "Close this"), notice = make("div", { class: "notice refusal", role: "alert" }, make("p", {}, sentence));
  if (!dialog) notice.append(close);
  close.addEventListener("click", () => notice.remove());
  outer.prepend(notice);
}

/** A decision was kept: its dialog closes, and what was typed there is done with. */
export function finish(form) {
  const dialog = form?.closest("dialog");
  if (!dialog) return;
  form.reset();
  if (dialog.open) dialog.close();
}

export function startDialogs(desk) {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (!opener) return;
    event.preventDefault();
    const code = opener.closest(".panel")?.dataset.code ?? opener.dataset.code ?? (opener.closest("#inspector") ? desk.code : "");
    if (!open(opener.dataset.dialog, code)) say("This cannot be done now.");
  });
  for (const dialog of all("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) dialog.close(); });
    dialog.addEventListener("close", () => {
      byId("unsent") && dialog.contains(byId("unsent")) && document.querySelector(".desk-regions").before(byId("unsent"));
      if (!document.activeElement || document.activeElement === document.body) document.querySelector(".pick[aria-current]")?.focus({ preventScroll: true });
    });
  }
}
