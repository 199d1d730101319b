/* What a page shows is taken out of the document while its session is over: hidden, it could still be searched, copied, printed and read aloud. Nothing is
   lost: forms with what was typed in them, open dialogs, scroll and focus come back as they were when the same person is back. */

import { all } from "./elements.js";

/** What tells nothing of a patient, and what the page goes on with. */
const STAYS = "#session-over, #leaving, #said, #unsent, .desk-regions";
const TITLE = "Session over";

export class Stowing {
  constructor() {
    this.shown = null;
  }

  stow() {
    if (this.shown) return;
    const dialogs = all("dialog[open]").filter((one) => !one.matches(STAYS)), focus = document.activeElement, top = window.scrollY, { title } = document;
    const nodes = all("main > *, .desk-regions > *, .strip.patient").filter((one) => !one.matches(STAYS)).map((node) => ({ node, top: node.scrollTop, place: new Comment() }));
    for (const one of dialogs) one.close();
    for (const { node, place } of nodes) node.replaceWith(place);
    document.title = TITLE;
    document.body.classList.add("over");
    this.shown = { nodes, dialogs, focus, top, title };
  }

  bringBack() {
    if (!this.shown) return;
    const { nodes, dialogs, focus, top, title } = this.shown;
    this.shown = null;
    document.body.classList.remove("over");
    document.title = title;
    for (const { node, place, top: scrolled } of nodes) { place.replaceWith(node); node.scrollTop = scrolled; }
    for (const one of dialogs) one.showModal();
    window.scrollTo({ top, behavior: "instant" });
    focus?.focus({ preventScroll: true });
  }
}
