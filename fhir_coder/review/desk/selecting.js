/* Words selected in a note as a span that the server understands, and the buttons beside them. */

import { all, byId, make, say } from "./elements.js";
import { length, snapped, units } from "./counting.js";

const BLOCKS = "#notes [data-note] [data-start], #notes [data-note][data-start]";
const numberOf = (block) => block.closest("[data-note]").dataset.note;
const startOf = (block) => Number(block.dataset.start);

/** The text blocks of a note, in order. */
export const blocksOf = (note) => all(BLOCKS).filter((one) => numberOf(one) === note);

/** The selected words: {note, start, end, words, name}, whole words in code points; null where none are selected in a note. */
export function selectedSpan() {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0), touched = all(BLOCKS).filter((one) => range.intersectsNode(one));
  if (!touched.length) return null;
  const note = numberOf(touched[0]), own = touched.filter((one) => numberOf(one) === note);
  const [first, last] = [own[0], own.at(-1)];
  const start = startOf(first) + (first.contains(range.startContainer) ? before(first, range.startContainer, range.startOffset) : 0);
  const end = startOf(last) + (last.contains(range.endContainer) ? before(last, range.endContainer, range.endOffset) : length(last.textContent));
  return spanOf(note, start, end);
}

/** Offsets of a note as a span of whole words. */
export function spanOf(note, start, end) {
  const blocks = blocksOf(note), base = startOf(blocks[0]), points = [...blocks.map((one) => one.textContent).join("")];
  const found = snapped(points, start - base, end - base);
  if (!found) return null;
  const [from, to] = found.map((at) => at + base);
  return { note, start: from, end: to, words: points.slice(...found).join(""), name: `${note}:${from}:${to}` };
}

/** Select code points of a note on the page. */
export function selectSpan(note, start, end) {
  const range = new Range(), from = position(note, start), to = position(note, end, true);
  range.setStart(...from);
  range.setEnd(...to);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return range;
}

function before(block, node, offset) {
  const range = new Range();
  range.setStart(block, 0);
  range.setEnd(node, offset);
  return length(range.toString());
}

/** Where a code point is: text node and offset. `isEnd`: rather at the end of a node than at the beginning of the next. */
function position(note, offset, isEnd = false) {
  const blocks = blocksOf(note), fits = (one) => (isEnd ? startOf(one) < offset : startOf(one) <= offset);
  const block = blocks.findLast(fits) ?? blocks[0], walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let rest = offset - startOf(block), last = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const count = length(node.data);
    if (rest < count || (isEnd && rest === count)) return [node, units(node.data, rest)];
    rest -= count;
    last = node;
  }
  return last ? [last, last.data.length] : [block, 0];
}

/** The buttons beside selected words: as evidence for the selected code, or as words of a code that is missing. */
export class Selecting {
  constructor(desk, deciding, searching) {
    Object.assign(this, { desk, deciding, searching });
    this.bar = make("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected words" });
    this.bar.hidden = true;
    this.evidence = make("button", { type: "button", class: "small" });
    this.code = make("button", { type: "button", class: "plain small" }, "Code these words ", make("kbd", {}, "+"));
    this.bar.append(this.evidence, this.code);
    this.bar.addEventListener("pointerdown", (event) => event.preventDefault());
    this.evidence.addEventListener("click", () => this.addEvidence());
    this.code.addEventListener("click", () => this.codeWords());
    document.body.append(this.bar);
    document.addEventListener("selectionchange", () => { clearTimeout(this.soon); this.soon = setTimeout(() => this.#place(), 60); });
    byId("notes")?.parentElement.addEventListener("scroll", () => this.#place(), true);
  }

  /** Add the selected words to the selected code. */
  addEvidence() {
    const span = selectedSpan();
    if (!span) return say("Select words in a note first.");
    if (!this.desk.code) return this.codeWords();
    this.deciding.send([["act", "evidence"], ["code", this.desk.code], ["span", span.name]]);
    return this.#done();
  }

  /** Look for a code of the selected words. */
  codeWords() {
    const span = selectedSpan();
    if (!this.searching.open({ act: "add", span, query: span?.words ?? "" })) say("No code can be added now.");
    this.bar.hidden = true;
  }

  #done() {
    getSelection().removeAllRanges();
    this.bar.hidden = true;
  }

  #place() {
    const span = this.deciding.form && !document.querySelector("dialog[open]") ? selectedSpan() : null;
    this.bar.hidden = !span;
    if (!span) return;
    const { code } = this.desk;
    this.evidence.hidden = !code;
    this.evidence.replaceChildren(`Add as evidence to ${code} `, make("kbd", {}, "e"));
    const box = getSelection().getRangeAt(0).getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = this.bar;
    const top = box.bottom + 6 + height < innerHeight ? box.bottom + 6 : box.top - height - 6;
    this.bar.style.top = `${Math.max(top, 4)}px`;
    this.bar.style.left = `${Math.min(Math.max(box.left, 4), innerWidth - width - 4)}px`;
  }
}
