/* Regions that the server wrote anew take the place of the old ones. The only place where text becomes markup, and only text of our own server:
   the page's policy lets one Trusted Types policy be made, here. What a person has in front of them stays: scroll, folds, focus, typed words. */

import { all, byId } from "./elements.js";

const REGIONS = ["head", "notes", "codes", "inspector"];
const FIELDS = "textarea, select, input:not([type=hidden], [type=checkbox])";
const asIs = (html) => html;
let policy = null;

/** The policy is made with the first decision: a page that cannot decide allows none. */
function trusted(html) {
  policy ??= window.trustedTypes?.createPolicy("fhir-coder", { createHTML: asIs }) ?? { createHTML: asIs };
  return policy.createHTML(html);
}

/** Put the regions of an answer in the place of those of the page; those that the answer leaves out stay. */
export function swap(answer) {
  const focus = placeOfFocus();
  for (const name of REGIONS) if (typeof answer[name] === "string" && byId(name)) put(byId(name), answer[name]);
  return () => restoreFocus(focus);
}

/** What the answer marks as kept is moved over from the old region as it is. */
function put(old, html) {
  const template = document.createElement("template");
  template.innerHTML = trusted(html);
  const fresh = template.content.querySelector(`#${old.id}`);
  if (!fresh) return;
  const folded = folds(old), typed = words(old), { scrollTop } = old;
  for (const kept of all("[data-kept]", fresh)) kept.replaceWith(byId(kept.id));
  old.replaceWith(fresh);
  for (const [key, details] of keyed(fresh, "details", nameOfFold)) if (folded.has(key)) details.open = folded.get(key);
  for (const [key, field] of keyed(fresh, FIELDS, nameOfField)) if (typed.has(key)) field.value = typed.get(key);
  for (const dialog of all("dialog[open]", old)) fresh.querySelector(`#${dialog.id}`)?.showModal();
  fresh.scrollTop = scrollTop;
}

/** Elements by a name that is the same in the old and the fresh region; of several with one name, each has its number. */
function keyed(region, selector, nameOf) {
  const counts = new Map();
  return all(selector, region).map((one) => {
    const name = nameOf(one), count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return [`${name} ${count}`, one];
  });
}

const codeOf = (one) => one.closest("[data-code]")?.dataset.code ?? "";
const nameOfFold = (one) => `${codeOf(one)} ${one.className} ${one.querySelector("summary h3, summary")?.textContent.replace(/[\d\s]+/g, " ").trim()}`;
const nameOfField = (one) => `${codeOf(one)} ${one.form?.elements.act?.value} ${one.name}`;
const folds = (region) => new Map(keyed(region, "details", nameOfFold).map(([key, one]) => [key, one.open]));
const words = (region) => new Map(keyed(region, FIELDS, nameOfField).filter(([, one]) => one.value !== (one.defaultValue ?? "")).map(([key, one]) => [key, one.value]));

/** Where the keyboard is, if that is in a region: by what leads to the same thing in fresh markup. */
function placeOfFocus() {
  const one = document.activeElement, region = one?.closest(REGIONS.map((name) => `#${name}`).join());
  if (!region) return null;
  return { region: region.id, isRegion: one === region, isPick: one.matches("a.pick"), key: one.dataset.key ?? "", label: one.textContent.trim() };
}

function restoreFocus(place) {
  if (!place || !byId(place.region) || byId(place.region).contains(document.activeElement)) return;
  const region = byId(place.region), seen = all("a, button, summary", region).filter((one) => one.checkVisibility());
  const same = place.isRegion ? region : place.isPick ? document.querySelector(".pick[aria-current]") : seen.find((one) => place.key && one.dataset.key === place.key) ?? seen.find((one) => one.textContent.trim() === place.label);
  (same ?? document.querySelector(".pick[aria-current]") ?? region).focus({ preventScroll: true });
}
