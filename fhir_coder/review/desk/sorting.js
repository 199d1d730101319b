/* Claim order by pointer: a code is taken up, the place where it would stand is shown, Escape takes it back. The same by keyboard, and by the
   buttons of the inspector (WCAG 2.5.7). */

import { all, say } from "./elements.js";

const FAR_PX = 6, EDGE_PX = 36, STEP_PX = 12;

const moved = (code, position) => [["act", "move"], ["code", code], ["position", String(position)]];

export class Sorting {
  constructor(desk, deciding) {
    Object.assign(this, { desk, deciding, drag: null });
    document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".claim")) event.preventDefault(); });
    document.addEventListener("pointerdown", (event) => this.#down(event));
    document.addEventListener("pointermove", (event) => this.#move(event));
    document.addEventListener("pointerup", () => this.#up());
    document.addEventListener("pointercancel", () => this.#stop());
    document.addEventListener("click", (event) => { if (this.wasDragged) { this.wasDragged = false; event.preventDefault(); event.stopPropagation(); } }, true);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.drag?.isFar) { event.preventDefault(); event.stopPropagation(); this.wasDragged = true; this.#stop(); say("Left where it was."); }
    }, true);
  }

  /** Move the selected code by so many places. */
  step(by) {
    const { code } = this.desk;
    if (!code) return;
    this.deciding.send(() => {
      const to = this.desk.items.findIndex((one) => one.dataset.code === code) + 1 + by;
      if (to >= 1 && to <= this.desk.items.length && to !== by) return moved(code, to);
      say(by < 0 ? "It is the first." : "It is the last.");
      return null;
    });
  }

  #down(event) {
    this.wasDragged = false;
    const item = event.target.closest(".claim > li");
    if (!item || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button, input, form") || !this.deciding.form) return;
    this.drag = { code: item.dataset.code, from: 0, y: event.clientY, isFar: false, to: 0 };
  }

  #move(event) {
    const { drag } = this;
    if (!drag) return;
    if (!drag.isFar && Math.abs(event.clientY - drag.y) < FAR_PX) return;
    if (!drag.isFar) { drag.isFar = true; document.body.classList.add("sorting"); getSelection().removeAllRanges(); }
    event.preventDefault();
    const items = all(".claim > li"), item = items.find((one) => one.dataset.code === drag.code);
    if (!item) { this.#stop(); return; }
    item.classList.add("dragged"); // an answer may have written the list anew meanwhile
    drag.from = Number(item.dataset.rank);
    scrollAtEdge(item.closest("[data-region]"), event.clientY);
    const before = drag.to, middles = items.map((one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; });
    const above = middles.filter((middle) => middle < event.clientY).length;
    drag.to = above >= drag.from ? Math.max(above, 1) : above + 1;
    items.forEach((one, index) => {
      one.classList.toggle("drop-before", drag.to < drag.from && index + 1 === drag.to);
      one.classList.toggle("drop-after", drag.to > drag.from && index + 1 === drag.to);
    });
    if (drag.to !== before) say(`Place ${drag.to} of ${items.length}`);
  }

  #up() {
    const { drag } = this;
    if (!drag) return;
    this.wasDragged = drag.isFar;
    setTimeout(() => { this.wasDragged = false; }); // the click of this pointer comes at once, or never
    this.#stop();
    if (drag.isFar && drag.to && drag.to !== drag.from) this.deciding.send(moved(drag.code, drag.to));
  }

  #stop() {
    this.drag = null;
    document.body.classList.remove("sorting");
    all(".dragged, .drop-before, .drop-after").forEach((one) => one.classList.remove("dragged", "drop-before", "drop-after"));
  }
}

/** A place that is out of sight comes into sight when the pointer is near the edge of the list. */
function scrollAtEdge(region, y) {
  const { top, bottom } = region.getBoundingClientRect();
  if (y > Math.min(bottom, innerHeight) - EDGE_PX) region.scrollTop += STEP_PX;
  else if (y < Math.max(top, 0) + EDGE_PX + region.querySelector(".region-head").offsetHeight) region.scrollTop -= STEP_PX;
}
