/* A page of plain forms: each is sent once, and no typed word is lost because a session ends. Without script the page works, and only leaves the screen in time. */

import { all } from "./elements.js";
import { startExpiry } from "./expiry.js";
import { startLeaving, used } from "./leaving.js";
import { sendOnce } from "./once.js";
import { SESSION } from "./places.js";

/** Typing uses the session; the server is told so at most this often. */
const TOLD_MS = 60_000;

const isTyped = (field) => (field.type === "file" ? field.files.length > 0 : field.matches("textarea, input:not([type=hidden], [type=checkbox], [type=radio])") && field.value !== field.defaultValue);
/** What was typed, or what the server gave back because it was not done yet (data-unsent). */
const hasUnsent = () => all("form[method=post]").some((form) => "unsent" in form.dataset || [...form.elements].some(isTyped));

const page = {
  csrf: null,
  again: () => { if (!hasUnsent()) location.reload(); },
  leave: () => {},
  discard: () => {},
  remind: () => expiry.over(),
};
const expiry = startExpiry(page);

function tellOfTyping() {
  let told = Date.now();
  document.addEventListener("input", async () => {
    if (Date.now() < told + TOLD_MS) return;
    told = Date.now();
    const response = await fetch(SESSION, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response?.ok) used();
  });
}

sendOnce();
startLeaving(hasUnsent, expiry);
if (document.body.dataset.left) tellOfTyping();
document.addEventListener("over", () => expiry.over());
