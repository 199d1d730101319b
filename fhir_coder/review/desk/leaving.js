/* The page leaves the screen when its session was not used for as long as one lasts (automatic logoff, 45 CFR 164.312(a)(2)(iii)). A page that asks
   the server by script uses the session without being loaded anew, so that a header could not tell when that is. */

import { byId } from "./elements.js";
import { SESSION } from "./places.js";

/** The page warns so long before, and half its time at most (WCAG 2.2, 2.2.1). */
const WARNING_S = 60;

/** Every answer of the server to this page says that the session was used. */
export const used = () => document.dispatchEvent(new CustomEvent("used"));

/** Where something is not sent yet, the page stays and shows nothing: it is sent when the person has signed in again. `expiry` asks for that. */
export function startLeaving(hasUnsent, expiry) {
  const { idleS, left } = document.body.dataset, warning = byId("leaving");
  if (!left) return;
  const idleMs = Number(idleS) * 1000, warnMs = idleMs - Math.min(WARNING_S * 1000, idleMs / 2);
  let soon = 0, sooner = 0, until = 0;
  const leave = () => {
    clearTimeout(sooner);
    if (warning.open) warning.close("left");
    if (expiry.isOver() || hasUnsent()) expiry.over(); // what was typed is not on the page while that shows nothing
    else location.assign(left);
  };
  const warn = () => { warning.returnValue = ""; if (!warning.open) warning.showModal(); };
  const wait = () => {
    clearTimeout(soon);
    clearTimeout(sooner);
    until = Date.now() + idleMs;
    soon = setTimeout(leave, idleMs);
    sooner = setTimeout(warn, warnMs);
    if (warning.open) warning.close("used");
  };
  const look = () => { if (!document.hidden && Date.now() >= until) leave(); }; // timers stand still while a computer sleeps
  /** Whoever closes the warning, by the button or by Escape, stays: the server is asked, which uses the session. */
  const stay = async () => {
    if (["left", "used"].includes(warning.returnValue)) return;
    const response = await fetch(SESSION, { headers: { Accept: "application/json" } }).catch(() => null);
    if (response?.ok) used();
    else if (response) leave();
  };
  warning.addEventListener("close", stay);
  document.addEventListener("used", wait);
  document.addEventListener("visibilitychange", look);
  for (const name of ["pageshow", "focus", "pointermove", "keydown"]) window.addEventListener(name, look);
  wait();
}
