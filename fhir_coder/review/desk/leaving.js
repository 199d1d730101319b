/* The page leaves the screen when its session was not used for as long as one lasts (automatic logoff, 45 CFR 164.312(a)(2)(iii)). A page that asks
   the server by script uses the session without being loaded anew, so that a header could not tell when that is. */

/** Every answer of the server to this page says that the session was used. */
export const used = () => document.dispatchEvent(new CustomEvent("used"));

/** `deciding` gives up what still waits then: a browser that asks whether to stay would leave the page on the screen. */
export function startLeaving(deciding) {
  const { idleS, left } = document.body.dataset;
  if (!left) return;
  let soon = 0, until = 0;
  const leave = () => { deciding.waiting.length = 0; location.assign(left); };
  const wait = () => {
    clearTimeout(soon);
    until = Date.now() + Number(idleS) * 1000;
    soon = setTimeout(leave, Number(idleS) * 1000);
  };
  const look = () => { if (!document.hidden && Date.now() >= until) leave(); }; // timers stand still while a computer sleeps
  document.addEventListener("used", wait);
  document.addEventListener("visibilitychange", look);
  for (const name of ["pageshow", "focus", "pointermove", "keydown"]) window.addEventListener(name, look);
  wait();
}
