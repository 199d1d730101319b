/* What is in front of the person: the selected code, its words in the notes. Elements that the server wrote are shown, hidden and moved to. */

import { all, byId, panel, say } from "./elements.js";

const FLASH_MS = 1600;
const WORDS = ".panel:not([hidden]) > .quotes a.quote";
/** Whether each region scrolls by itself. */
const SCROLLS_ALONE = window.matchMedia("(min-width: 1200px) and (min-height: 30rem)");
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

/** The words of one span in the notes: one mark, or several where spans overlap. */
const marksOf = (span) => all(`mark[data-spans~="${CSS.escape(span)}"]`);

export class Desk {
  constructor() {
    this.rank = 0;
    this.place = -1;
    this.flashing = 0;
    this.read();
  }

  /** Take in what the regions show now. */
  read() {
    this.items = all(".claim > li");
    this.panels = all(".panel");
    this.#rankMarks();
  }

  /** The selected code; empty where there is none. */
  get code() {
    return this.items[this.rank - 1]?.dataset.code ?? "";
  }

  /** Read fresh regions; the code of that name is selected, or what stands in its place. */
  renew(code) {
    this.read();
    const at = this.items.findIndex((one) => one.dataset.code === code);
    byId("fold")?.setAttribute("aria-pressed", String(!all("details.section").some((section) => section.open)));
    this.select(at >= 0 ? at + 1 : Math.min(Math.max(this.rank, 1), this.items.length), { tell: false });
  }

  /** Select the code of that place in claim order; `focus` moves the keyboard to it. */
  select(rank, { focus = false, tell = true } = {}) {
    const item = this.items[rank - 1];
    if (!item) { this.rank = 0; return; }
    const isOther = rank !== this.rank;
    this.rank = rank;
    this.place = -1;
    this.items.forEach((one, index) => {
      const link = one.querySelector("a.pick"), isChosen = index === rank - 1;
      link.tabIndex = isChosen ? 0 : -1;
      if (isChosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    this.panels.forEach((one) => { one.hidden = Number(one.dataset.rank) !== rank; });
    all("mark").forEach((mark) => mark.classList.toggle("on", (mark.dataset.ranks ?? "").split(" ").includes(String(rank))));
    if (focus || SCROLLS_ALONE.matches) item.scrollIntoView({ block: "nearest" }); // else the page would leave what one reads
    if (focus) item.querySelector("a.pick").focus({ preventScroll: true });
    const inspector = byId("inspector");
    if (isOther && inspector.scrollHeight > inspector.clientHeight) inspector.scrollTop = 0;
    if (tell) say(`${rank} of ${this.items.length}: ${item.querySelector("a.pick").textContent.replace(/\s+/g, " ").trim()}`);
  }

  step(by) {
    if (this.items.length) this.select(Math.min(Math.max(this.rank + by, 1), this.items.length), { focus: true });
  }

  /** To the next or previous words of the selected code, round and round. */
  stepWords(by) {
    const links = all(WORDS);
    if (!links.length) return say("No words of this code are here.");
    this.place = this.place < 0 && by < 0 ? links.length - 1 : (this.place + by + links.length) % links.length;
    this.show(links[this.place].dataset.span);
    return say(`Words ${this.place + 1} of ${links.length}: ${links[this.place].textContent}`);
  }

  /** Bring the words of a quote into sight. */
  showQuote(link) {
    this.place = all(WORDS).indexOf(link);
    this.show(link.dataset.span);
  }

  /** Bring words into sight, unfolded, and flash them. */
  show(span) {
    const marks = marksOf(span);
    if (!marks.length) return;
    for (let outer = marks[0].closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    marks[0].scrollIntoView({ block: "center", behavior: CALM.matches ? "auto" : "smooth" });
    all("mark.flash").forEach((mark) => mark.classList.remove("flash"));
    marks.forEach((mark) => mark.classList.add("flash"));
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => marks.forEach((mark) => mark.classList.remove("flash")), FLASH_MS);
  }

  fold() {
    const button = byId("fold"), isFolding = button.getAttribute("aria-pressed") !== "true";
    all("details.section").forEach((section) => { section.open = !isFolding; });
    button.setAttribute("aria-pressed", String(isFolding));
    say(isFolding ? "Sections folded" : "Sections unfolded");
  }

  /** To the next region, or the previous one, round and round. */
  stepRegion(by) {
    const regions = ["notes", "codes", "inspector"].map(byId);
    const at = regions.findIndex((one) => one.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : regions.length - 1) : (at + by + regions.length) % regions.length;
    const pick = this.items[this.rank - 1]?.querySelector("a.pick");
    (regions[next].id === "codes" && pick ? pick : regions[next]).focus();
  }

  /** "Why not": to what can be restored, of the codes that were left out. */
  whyNot() {
    const first = all('#inspector [data-key="w"], #inspector .left-out button[form]').find((one) => !one.closest(".panel[hidden]"));
    if (!first) return say("No code that was left out can be restored.");
    for (let outer = first.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
    return first.focus();
  }

  /** Which codes rest on the words of each mark: the notes stay as they are when only the order of the codes changes. */
  #rankMarks() {
    const ranks = new Map();
    for (const one of this.panels) {
      for (const link of all(":scope > .quotes a.quote", one)) {
        const { span } = link.dataset;
        ranks.set(span, (ranks.get(span) ?? new Set()).add(Number(one.dataset.rank)));
      }
    }
    for (const mark of all("mark[data-spans]")) {
      const spans = mark.dataset.spans.split(" "), numbers = (some) => [...new Set(some.flatMap((span) => [...(ranks.get(span) ?? [])]))].sort((a, b) => a - b);
      mark.dataset.ranks = numbers(spans).join(" ");
      const [, start] = /^w\d+-(\d+)$/.exec(mark.id) ?? [];
      const end = Number(start) + [...mark.textContent].length;
      const ending = numbers(spans.filter((span) => span.endsWith(`-${end}`)));
      if (ending.length) mark.dataset.ends = ending.join(" ");
      else delete mark.dataset.ends;
    }
  }
}

/** The button, link or field of the page that a key presses: in the panel of the selected code first. */
export function pressed(key) {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const inPanel = panel()?.querySelector(selector);
  return inPanel ?? all(selector).find((one) => !one.closest(".panel, dialog") && !one.disabled && one.checkVisibility()) ?? null;
}
