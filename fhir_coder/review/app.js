/* The encounter page put together. Without script it shows everything and decides by plain forms; with it nothing is loaded anew and every decision
   is one key. */

import { Deciding } from "./desk/deciding.js";
import { Desk } from "./desk/desk.js";
import { complain, finish, startDialogs } from "./desk/dialogs.js";
import { Drafting } from "./desk/drafting.js";
import { byId } from "./desk/elements.js";
import { startExpiry } from "./desk/expiry.js";
import { Keys } from "./desk/keys.js";
import { startLeaving } from "./desk/leaving.js";
import { LET_GO } from "./desk/places.js";
import { Searching } from "./desk/searching.js";
import { Selecting } from "./desk/selecting.js";
import { Sorting } from "./desk/sorting.js";
import { Walking } from "./desk/walking.js";

const SIDE_BY_SIDE = window.matchMedia("(min-width: 1200px) and (min-height: 30rem)");

function start() {
  const desk = new Desk();
  let drafting = null, expiry = null;
  const deciding = new Deciding(desk, {
    begun: () => complain(document.body, ""),
    settled: (decision) => { finish(decision.form, decision.typed); drafting.settled(decision); },
    refused: (decision, sentence) => complain(decision.form ?? document.body, sentence),
    over: () => expiry.over(),
    back: () => expiry.reveal(),
    renew: () => expiry.renew(),
  });
  drafting = new Drafting(deciding);
  expiry = startExpiry(deciding);
  startLeaving(() => deciding.waiting.length > 0, expiry);
  const searching = new Searching(deciding), selecting = new Selecting(desk, deciding, searching), sorting = new Sorting(desk, deciding);
  new Keys(desk, { sorting, selecting, walking: new Walking() });
  document.addEventListener("click", (event) => onSearch(event, desk, searching, selecting));
  startDialogs(desk);
  document.body.classList.add("live");
  showButtons();
  document.addEventListener("click", (event) => onClick(event, desk));
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("form[data-decision]")) return;
    event.preventDefault();
    deciding.read(event.target, event.submitter);
  });
  window.addEventListener("pagehide", () => { if (deciding.hasDecided) navigator.sendBeacon(LET_GO, new URLSearchParams({ csrf: deciding.csrf })); });
  const asked = /^#code-(\d+)$/.exec(location.hash);
  desk.select(Math.min(asked ? Number(asked[1]) : 1, desk.items.length), { tell: false });
}

/** Buttons that do nothing without script. The head and the notes are written anew now and then. */
function showButtons() {
  const show = () => {
    const keys = byId("show-keys"), fold = byId("fold");
    if (keys) keys.hidden = false;
    if (fold) fold.hidden = !document.querySelector("details.section");
  };
  show();
  new MutationObserver(show).observe(document.querySelector("main"), { childList: true, subtree: true });
}

/** A button that opens the search, for the code of its panel. */
function onSearch(event, desk, searching, selecting) {
  const opener = event.target.closest('[data-dialog="search"]');
  if (!opener) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (opener.dataset.key === "r" || opener.dataset.act === "replace") searching.open({ act: "replace", code: opener.closest(".panel")?.dataset.code ?? desk.code });
  else selecting.codeWords();
}

function onClick(event, desk) {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const pick = event.target.closest("a.pick"), quote = event.target.closest("a.quote"), mark = event.target.closest("mark");
  if (event.target.closest("#show-keys")) byId("keys").showModal();
  else if (event.target.closest("#fold")) desk.fold();
  else if (pick) {
    event.preventDefault();
    desk.select(Number(pick.closest("li").dataset.rank), { focus: true });
    if (!SIDE_BY_SIDE.matches) byId("inspector").focus();
  } else if (quote) {
    event.preventDefault();
    desk.showQuote(quote);
  } else if (mark?.dataset.ranks && getSelection().isCollapsed) {
    event.preventDefault();
    const ranks = mark.dataset.ranks.split(" ").map(Number);
    desk.select(ranks[(ranks.indexOf(desk.rank) + 1) % ranks.length]);
  }
}

start();
