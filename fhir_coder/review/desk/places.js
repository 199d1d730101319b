/* Addresses of a session, and of the coding of this page: below the path that browsers see our addresses under. */

const [, root] = /^(.*)\/review(?:\/|$)/.exec(location.pathname) ?? ["", ""], [, coding] = /\/review\/encounters\/([^/]+)/.exec(location.pathname) ?? ["", ""];

export const CODING = coding;
export const codesFor = (query) => `${root}/review/codes?${new URLSearchParams({ q: query, coding })}`;
export const codeAt = (code) => `${root}/review/codes/${encodeURIComponent(code)}?${new URLSearchParams({ coding })}`;
export const DRAFT = `${root}/review/encounters/${coding}/draft`;
export const DRAFTED = `${root}/review/drafts/${coding}`;
export const LET_GO = `${root}/review/encounters/${coding}/let-go`;
export const SESSION = `${root}/review/session`;
