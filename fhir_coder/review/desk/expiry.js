/* A session that ends while something is not sent yet: the person signs in again beside the page, and what waits is sent with the new session. */

import { byId, say } from "./elements.js";
import { used } from "./leaving.js";
import { SESSION } from "./places.js";
import { Stowing } from "./stowing.js";

/** `page` holds what is not sent: `csrf` is the token that it is sent with, `again()` goes on with it, `leave()` and `discard()` give it up, and
    `remind(sentence)` tells of it when the dialog was closed. The dialog names the person that the page was made for. */
export function startExpiry(page) {
  const dialog = byId("session-over"), stowing = new Stowing();
  if (!dialog) return { over: () => page.leave(), isOver: () => false, renew: async () => false, reveal: () => {} };
  const status = dialog.querySelector("[role=status]");
  const isSame = (person) => person.id === dialog.dataset.personId && person.issuer === dialog.dataset.personIssuer;
  const ask = () => fetch(SESSION, { headers: { Accept: "application/json" } }).catch(() => null);
  const reveal = () => { if (dialog.open) dialog.close(); stowing.bringBack(); };
  const take = (csrf) => {
    reveal();
    used();
    page.csrf = csrf;
    for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = csrf;
  };
  dialog.querySelector("[data-go-on]").addEventListener("click", async () => {
    status.textContent = "";
    const response = await ask();
    if (!response?.ok) { status.textContent = response ? "You are not signed in yet." : "The server cannot be reached."; return; }
    const { person, csrf } = await response.json();
    if (!isSame(person)) { page.discard(); location.reload(); return; }
    take(csrf);
    say("Signed in again.");
    page.again();
  });
  dialog.addEventListener("close", () => { if (stowing.shown) page.remind("Your session is over."); });
  return {
    /** What the page shows is out of the document until the same person is back (automatic logoff); what waits is not lost. */
    over: () => {
      stowing.stow();
      if (!dialog.open) dialog.showModal();
    },
    isOver: () => stowing.shown !== null,
    reveal,
    /** Whether the same person has a newer session, as after signing in again in another tab: the page goes on with that. */
    renew: async () => {
      const response = await ask(), found = response?.ok ? await response.json() : null;
      if (!found || !isSame(found.person) || found.csrf === page.csrf) return false;
      take(found.csrf);
      return true;
    },
  };
}
