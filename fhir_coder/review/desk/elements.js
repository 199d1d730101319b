/* Small words for the document. */

export const all = (selector, within = document) => [...within.querySelectorAll(selector)];
export const byId = (id) => document.getElementById(id);

/** The selected code of the page: its panel in the inspector. */
export const panel = () => document.querySelector(".panel:not([hidden])");

/** An element with attributes and children: texts, or elements. */
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** What a form says now: to see whether somebody went on typing in it. */
export const stateOf = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrf" && name !== "version"));

const HEARD_AFTER_MS = 100;

/** Tell everybody, also those who do not see the page change. What is outside an open dialog is not heard, and neither is a text that stays as it was. */
export function say(sentence) {
  const dialog = document.querySelector("dialog[open]"), place = dialog ? dialog.querySelector(":scope > .said") : byId("said");
  if (place) place.textContent = place.textContent === sentence ? `${sentence}\u00a0` : sentence;
  else dialog.append(make("p", { class: "hidden said", role: "status" }));
  if (!place) setTimeout(() => { if (dialog.open) say(sentence); }, HEARD_AFTER_MS); // a place that comes with its words is not heard
}
