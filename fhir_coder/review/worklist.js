/* The worklist with a keyboard, and news of it without loading the page again. Without this file everything is done with links and buttons.

   Nothing is made from what is fetched but numbers: how many are new is asked every half minute while somebody looks. */

const POLL_MS = 30_000, SLOWEST_MS = 8 * 60_000;
const KEYS_OFF = "fhir-coder-single-keys-off";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

class Rows {
  constructor() {
    this.rows = all("tr[data-row]");
    this.place = -1;
    const refused = this.rows.findIndex((row) => row.classList.contains("has-refusal"));
    if (refused >= 0) this.go(refused);
  }

  get here() {
    return this.rows[this.place];
  }

  /** To a row, in sight. */
  go(place) {
    if (!this.rows.length) return;
    this.mark(Math.min(Math.max(place, 0), this.rows.length - 1));
    this.here.querySelector("a.open").focus({ preventScroll: true });
    this.here.scrollIntoView({ block: "nearest" }); // what sticks to the edges covers no row: rows have a margin for it
  }

  mark(place) {
    this.place = place;
    this.rows.forEach((row, index) => row.classList.toggle("here", index === place));
  }

  claim() {
    this.here?.querySelector("button[name=claim]")?.click();
  }

  choose() {
    this.here?.querySelector(".pick input")?.click();
  }

  /** To a field that is about the chosen rows; without any, the row one is at is chosen. */
  reach(id) {
    const field = byId(id);
    if (!field) return;
    if (!all(".pick input:checked").length) this.choose();
    if (all(".pick input:checked").length) field.focus();
  }
}

/** Shows what can be done with chosen rows once there are some. */
function watchChosen() {
  const acts = byId("acts"), count = byId("acts-count");
  if (!acts) return;
  const show = () => {
    const chosen = all(".pick input:checked").length;
    acts.hidden = chosen === 0;
    count.textContent = `${chosen} chosen`;
  };
  document.addEventListener("change", (event) => { if (event.target.matches(".pick input")) show(); });
  window.addEventListener("pageshow", show);
  show();
}

/** Asks now and then how long the list is: seldom after failures, not at all while nobody looks, never again once the session is over. */
class News {
  constructor() {
    this.title = document.title;
    this.live = byId("live");
    this.total = byId("total");
    this.wait = POLL_MS;
    this.timer = 0;
    this.isOver = false;
    this.isAsking = false;
    this.tell(Number(this.total.textContent), 0);
  }

  start() {
    document.addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(this.timer); else this.later(0); });
    this.later(this.wait);
  }

  later(wait) {
    clearTimeout(this.timer);
    if (!this.isOver && !document.hidden) this.timer = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    const { count, newest } = document.body.dataset;
    try {
      const answer = await fetch(`${count}&after=${encodeURIComponent(newest)}`, { headers: { Accept: "application/json" }, redirect: "error" });
      if (answer.status === 401) return this.end();
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      this.wait = POLL_MS;
      this.tell(told.count, told.new);
    } catch {
      this.wait = Math.min(this.wait * 2, SLOWEST_MS);
    } finally {
      this.isAsking = false;
      this.later(this.wait);
    }
  }

  tell(count, fresh) {
    this.total.textContent = String(count);
    document.title = `(${count}) ${this.title}`;
    if (this.live.dataset.fresh === String(fresh)) return;
    this.live.dataset.fresh = String(fresh);
    if (!fresh) { this.live.replaceChildren(); return; }
    const link = linkTo(location.pathname + location.search.replace(/&did=[^&]*/, ""), `${fresh} new: show`);
    link.id = "show-new";
    this.live.replaceChildren(link);
  }

  end() {
    this.isOver = true;
    document.title = this.title;
    this.live.replaceChildren("Your session is over. ", linkTo(document.body.dataset.signIn, "Sign in again"));
    document.dispatchEvent(new CustomEvent("over")); // the page takes its rows off the screen
  }
}

function linkTo(href, words) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = words;
  return link;
}

function areKeysOn() {
  try { return localStorage.getItem(KEYS_OFF) === null; } catch { return true; }
}

function keepKeys(areOn) {
  try { if (areOn) localStorage.removeItem(KEYS_OFF); else localStorage.setItem(KEYS_OFF, "yes"); } catch { /* for this page only */ }
}

function keysOf(rows) {
  return {
    j: () => rows.go(rows.place + 1),
    k: () => rows.go(rows.place - 1),
    c: () => rows.claim(),
    x: () => rows.choose(),
    a: () => rows.reach("to"),
    h: () => rows.reach("hold-reason"),
    n: () => byId("take-next")?.click(),
    ".": () => byId("take-next")?.click(),
    u: () => byId("show-new")?.click(),
    "/": () => byId("q").focus(),
    "?": () => byId("keys").showModal(),
  };
}

function start() {
  const rows = new Rows(), keys = keysOf(rows), box = byId("keys-on");
  let areOn = areKeysOn();
  document.body.classList.add("live-page");
  watchChosen();
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); }); // what is kept of the page may be old
  new News().start();
  byId("show-keys").hidden = false;
  byId("show-keys").addEventListener("click", () => byId("keys").showModal());
  box.checked = areOn;
  box.addEventListener("change", () => { areOn = box.checked; keepKeys(areOn); });
  document.addEventListener("focusin", (event) => {
    const place = rows.rows.indexOf(event.target.closest("tr[data-row]"));
    if (place >= 0) rows.mark(place);
  });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("keys").open) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
      if (event.key === "Escape") { event.target.blur(); rows.go(Math.max(rows.place, 0)); }
      return;
    }
    if (areOn && Object.hasOwn(keys, event.key)) { event.preventDefault(); if (!event.repeat || "jk".includes(event.key)) keys[event.key](); }
  });
}

start();
