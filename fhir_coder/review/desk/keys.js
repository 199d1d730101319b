/* What the keys do. Single keys press the button that says so (data-key), and can be turned off; nothing is done while somebody types. */

import { byId, say } from "./elements.js";
import { pressed } from "./desk.js";

const KEYS_OFF = "fhir-coder-single-keys-off";
const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
/** Other keys for the same thing. */
const SAME = { i: "+" };
const PRESSED = new Set([..."aAxrlmMqghuUsRo.123456789"]);
/** Keys that go on while they are held down; what decides is done once for each time that a key is pressed. */
const WALKS = new Set(["j", "k", "n", "p", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"]);

function areKeysOn() {
  try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
}

function keepKeys(areOn) {
  try { if (areOn) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "yes"); } catch { /* for this page only */ }
}

export class Keys {
  constructor(desk, { sorting, selecting, walking }) {
    this.desk = desk;
    this.walking = walking;
    this.single = {
      j: () => desk.step(1),
      k: () => desk.step(-1),
      J: () => sorting.step(1),
      K: () => sorting.step(-1),
      n: () => desk.stepWords(1),
      p: () => desk.stepWords(-1),
      f: () => desk.fold(),
      w: () => desk.whyNot(),
      e: () => selecting.addEvidence(),
      "+": () => selecting.codeWords(),
      "?": () => byId("keys").showModal(),
    };
    this.inList = { ArrowDown: () => desk.step(1), ArrowUp: () => desk.step(-1), Home: () => desk.select(1, { focus: true }), End: () => desk.select(desk.items.length, { focus: true }) };
    this.withAlt = { ArrowUp: () => sorting.step(-1), ArrowDown: () => sorting.step(1) };
    const box = byId("keys-on");
    this.areOn = box.checked = areKeysOn();
    box.addEventListener("change", () => { this.areOn = box.checked; keepKeys(this.areOn); });
    document.addEventListener("keydown", (event) => this.#down(event));
  }

  #down(event) {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open], body.over")) return;
    const act = this.#actOf(event);
    if (!act) return;
    event.preventDefault();
    if (!event.repeat || WALKS.has(event.key)) act();
  }

  #actOf(event) {
    const { key } = event, isTyping = event.target.closest?.(TYPING)?.checkVisibility(); // the field of a closed dialog has the keys until the next frame
    if (key === "F6" && !event.ctrlKey && !event.altKey) return () => this.desk.stepRegion(event.shiftKey ? -1 : 1);
    if (isTyping) return null;
    if ((event.ctrlKey || event.metaKey) && key === "z" && !event.shiftKey && !event.altKey) return () => press("u");
    if (event.ctrlKey || event.metaKey) return null;
    if (event.altKey) return Object.hasOwn(this.withAlt, key) ? this.withAlt[key] : null;
    if (event.target.closest?.(".claim") && Object.hasOwn(this.inList, key)) return this.inList[key];
    if (this.walking.key(event)) return () => {};
    if (!this.areOn) return null;
    const name = SAME[key] ?? key;
    if (Object.hasOwn(this.single, name)) return this.single[name];
    return PRESSED.has(name) ? () => press(name) : null;
  }
}

function press(key) {
  const found = pressed(key);
  if (!found) say(`“${key}” does nothing here now.`);
  else if (found.matches("button, a")) found.click();
  else if (found.matches("summary")) { found.focus(); found.click(); } // what it unfolds is the next place to go
  else found.focus();
}
