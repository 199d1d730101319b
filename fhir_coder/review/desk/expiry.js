/* A session that ends in the middle of a review: the person signs in again beside the page, and what waits is sent with the new session. */

import { byId, say } from "./elements.js";
import { used } from "./leaving.js";
import { SESSION } from "./places.js";

/** `deciding` holds what waits. The dialog names the person that the page was made for. */
export function startExpiry(deciding) {
  const dialog = byId("session-over");
  if (!dialog) return { over: () => deciding.leave(), renew: async () => false, reveal: () => {} };
  const status = dialog.querySelector("[role=status]");
  const isSame = (person) => person.id === dialog.dataset.personId && person.issuer === dialog.dataset.personIssuer;
  const ask = () => fetch(SESSION, { headers: { Accept: "application/json" } }).catch(() => null);
  const reveal = () => document.body.classList.remove("over");
  const take = (csrf) => {
    reveal();
    used();
    deciding.csrf = csrf;
    for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = csrf;
  };
  dialog.querySelector("[data-go-on]").addEventListener("click", async () => {
    status.textContent = "";
    const response = await ask();
    if (!response?.ok) { status.textContent = response ? "You are not signed in yet." : "The server cannot be reached."; return; }
    const { person, csrf } = await response.json();
    if (!isSame(person)) { deciding.waiting.length = 0; location.reload(); return; }
    take(csrf);
    dialog.close();
    say("Signed in again.");
    deciding.again();
  });
  dialog.addEventListener("close", () => deciding.remind("Your session is over."));
  return {
    /** The notes and codes are out of sight until the same person is back (automatic logoff); what waits is not lost. */
    over: () => {
      document.body.classList.add("over");
      if (!dialog.open) dialog.showModal();
    },
    reveal,
    /** Whether the same person has a newer session, as after signing in again in another tab: the page goes on with that. */
    renew: async () => {
      const response = await ask(), found = response?.ok ? await response.json() : null;
      if (!found || !isSame(found.person) || found.csrf === deciding.csrf) return false;
      take(found.csrf);
      return true;
    },
  };
}
