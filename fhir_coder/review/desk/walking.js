/* Words of the notes by keyboard: with the notes in focus, the arrows left and right select a word, with Shift more of them. */

import { all, byId, say } from "./elements.js";
import { wordsOf } from "./counting.js";
import { blocksOf, selectSpan, selectedSpan } from "./selecting.js";

export class Walking {
  constructor() {
    this.words = [];
    this.anchor = -1;
    this.at = -1;
  }

  /** Handle a key; whether it was one of ours. */
  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || document.activeElement?.id !== "notes") return false;
    this.#step(by, event.shiftKey);
    return true;
  }

  #step(by, isMore) {
    const now = selectedSpan();
    if (!this.#isOurs(now)) this.#begin(now);
    else if (isMore) this.at += by;
    else this.at = this.anchor = (by > 0 ? Math.max(this.at, this.anchor) : Math.min(this.at, this.anchor)) + by;
    this.at = Math.min(Math.max(this.at, 0), this.words.length - 1);
    if (!isMore || this.anchor < 0) this.anchor = this.at;
    if (this.at < 0) return;
    this.#select();
  }

  /** Whether the selection is the one that was made here. */
  #isOurs(span) {
    return this.at >= 0 && span !== null && this.last === span.name;
  }

  /** Begin with the words that are selected or flashed, else with the first that are in sight. */
  #begin(now) {
    const region = byId("notes").getBoundingClientRect(), flashed = document.querySelector("#notes mark.flash");
    const seen = all("#notes [data-start]").find((one) => one.checkVisibility() && one.getBoundingClientRect().bottom > region.top + 60);
    const note = now?.note ?? (flashed ?? seen)?.closest("[data-note]").dataset.note ?? "";
    const blocks = blocksOf(note);
    if (!blocks.length) return;
    const base = Number(blocks[0].dataset.start);
    this.note = note;
    this.words = wordsOf([...blocks.map((one) => one.textContent).join("")]).map(([start, end]) => [start + base, end + base]);
    const from = now?.start ?? Number(/^w\d+-(\d+)$/.exec(flashed?.id ?? "")?.[1] ?? seen.dataset.start);
    this.at = this.words.findIndex(([, end]) => end > from);
    this.anchor = this.at;
  }

  #select() {
    const [first, last] = [Math.min(this.at, this.anchor), Math.max(this.at, this.anchor)];
    const range = selectSpan(this.note, this.words[first][0], this.words[last][1]);
    for (let outer = range.startContainer.parentElement.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    const mine = selectedSpan();
    this.last = mine?.name;
    document.activeElement.querySelector("mark.flash")?.classList.remove("flash");
    const box = range.getBoundingClientRect(), notes = byId("notes"), view = notes.getBoundingClientRect();
    if (box.top < view.top + 70 || box.bottom > view.bottom - 40) notes.scrollTop += box.top - view.top - view.height / 3;
    say(mine?.words ?? "");
  }
}
