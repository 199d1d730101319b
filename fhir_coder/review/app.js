/* The encounter page with a keyboard: one code is selected, its words are shown in the notes. Without this file the page shows everything.

   Nothing is fetched, nothing is made from text: elements that the server wrote are shown, hidden and moved to. */

const FLASH_MS = 1600;
const WORDS = ".panel:not([hidden]) > .quotes a.quote";
const KEYS_OFF = "fhir-coder-single-keys-off";
const SIDE_BY_SIDE = window.matchMedia("(min-width: 1200px) and (min-height: 30rem)");
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

/** The words of one span in the notes: one mark, or several where spans overlap. */
const marksOf = (span) => all(`mark[data-spans~="${CSS.escape(span)}"]`);

class Desk {
  constructor() {
    this.items = all(".claim > li");
    this.panels = all(".panel");
    this.said = byId("said");
    this.rank = 0;
    this.place = -1;
    this.flashing = 0;
  }

  /** Select the code of that place in claim order; `focus` moves the keyboard to it. */
  select(rank, { focus = false, tell = true } = {}) {
    const item = this.items[rank - 1];
    if (!item) return;
    this.rank = rank;
    this.place = -1;
    this.items.forEach((one, index) => {
      const link = one.querySelector("a.pick"), isChosen = index === rank - 1;
      link.tabIndex = isChosen ? 0 : -1;
      if (isChosen) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    this.panels.forEach((panel) => { panel.hidden = Number(panel.dataset.rank) !== rank; });
    all("mark").forEach((mark) => mark.classList.toggle("on", (mark.dataset.ranks ?? "").split(" ").includes(String(rank))));
    item.scrollIntoView({ block: "nearest" });
    if (focus) item.querySelector("a.pick").focus({ preventScroll: true });
    const inspector = byId("inspector");
    if (inspector.scrollHeight > inspector.clientHeight) inspector.scrollTop = 0;
    if (tell) this.say(`${rank} of ${this.items.length}: ${item.textContent.replace(/\s+/g, " ").trim()}`);
  }

  step(by) {
    if (this.items.length) this.select(Math.min(Math.max(this.rank + by, 1), this.items.length), { focus: true });
  }

  /** To the next or previous words of the selected code, round and round. */
  stepWords(by) {
    const links = all(WORDS);
    if (!links.length) return this.say("No words of this code are here.");
    this.place = this.place < 0 && by < 0 ? links.length - 1 : (this.place + by + links.length) % links.length;
    this.show(links[this.place].dataset.span);
    return this.say(`Words ${this.place + 1} of ${links.length}: ${links[this.place].textContent}`);
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
    this.say(isFolding ? "Sections folded" : "Sections unfolded");
  }

  say(sentence) {
    this.said.textContent = sentence;
  }
}

function areKeysOn() {
  try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
}

function keepKeys(areOn) {
  try { if (areOn) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "yes"); } catch { /* for this page only */ }
}

/** What each single key does. Other parts of the page add theirs here. */
function keysOf(desk) {
  return {
    j: () => desk.step(1),
    k: () => desk.step(-1),
    n: () => desk.stepWords(1),
    p: () => desk.stepWords(-1),
    f: () => desk.fold(),
    1: () => byId("notes").focus(),
    2: () => (desk.items[desk.rank - 1]?.querySelector("a.pick") ?? byId("codes")).focus(),
    3: () => byId("inspector").focus(),
    "?": () => byId("keys").showModal(),
  };
}

const LIST_KEYS = { ArrowDown: (desk) => desk.step(1), ArrowUp: (desk) => desk.step(-1),
  Home: (desk) => desk.select(1, { focus: true }), End: (desk) => desk.select(desk.items.length, { focus: true }) };

function start() {
  const desk = new Desk(), keys = keysOf(desk), box = byId("keys-on");
  let areOn = areKeysOn();
  document.body.classList.add("live");
  byId("show-keys").hidden = false;
  byId("fold").hidden = !document.querySelector("details.section");
  box.checked = areOn;
  box.addEventListener("change", () => { areOn = box.checked; keepKeys(areOn); });
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  byId("fold").addEventListener("click", () => desk.fold());
  document.addEventListener("click", (event) => onClick(event, desk));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (byId("keys").open || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = event.target.closest(".claim") && LIST_KEYS[event.key] ? () => LIST_KEYS[event.key](desk) : areOn && Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (act) { event.preventDefault(); act(); }
  });
  const asked = /^#code-(\d+)$/.exec(location.hash);
  desk.select(Math.min(asked ? Number(asked[1]) : 1, desk.items.length), { tell: false });
}

function onClick(event, desk) {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const pick = event.target.closest("a.pick"), quote = event.target.closest("a.quote"), mark = event.target.closest("mark");
  if (pick) {
    event.preventDefault();
    desk.select(Number(pick.closest("li").dataset.rank), { focus: true });
    if (!SIDE_BY_SIDE.matches) byId("inspector").focus();
  } else if (quote) {
    event.preventDefault();
    desk.place = all(WORDS).indexOf(quote);
    desk.show(quote.dataset.span);
  } else if (mark?.dataset.ranks && getSelection().isCollapsed) {
    event.preventDefault();
    const ranks = mark.dataset.ranks.split(" ").map(Number);
    desk.select(ranks[(ranks.indexOf(desk.rank) + 1) % ranks.length]);
  }
}

start();
