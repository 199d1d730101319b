/* A form is sent once: a second press while the first is answered does nothing. What is sent twice all the same the server does once, where it matters. */

import { say } from "./elements.js";

/** A sending that the browser gave up is let go after so long: the person may press again. */
const LONGEST_MS = 20_000;

export function sendOnce() {
  const sent = new Map();
  const letGo = (form) => {
    clearTimeout(sent.get(form)?.timer);
    sent.get(form)?.button?.removeAttribute("aria-disabled");
    sent.delete(form);
  };
  document.addEventListener("submit", (event) => {
    const { target: form, submitter: button } = event;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (sent.has(form)) { event.preventDefault(); return; }
    sent.set(form, { button, timer: setTimeout(() => letGo(form), LONGEST_MS) });
    button?.setAttribute("aria-disabled", "true"); // not disabled: the keyboard stays where it is, and the button's own value is sent
    say("Sent. Please wait.");
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) for (const form of [...sent.keys()]) letGo(form); });
}
