/* Offsets as the server counts them: code points of the canonical text, not UTF-16 units. Pure. */

const PART_OF_WORD = /^[\p{L}\p{N}_]$/u;
const COMBINING = /^\p{M}$/u;
/** What makes one sign with what stands before it: combining characters, and the parts of an emoji. */
const JOINED = /^[\p{M}\p{Emoji_Modifier}\u200d\ufe0f]$/u;
const JOINER = "\u200d";
const INSIDE_WORD = /^['’.,\-/]$/u;

/** How many code points. */
export const length = (text) => { let count = 0; for (const _ of text) count += 1; return count; };

/** The part of UTF-16 units that so many code points take from the beginning. */
export const units = (text, points) => { let at = 0; for (const one of text) { if (points-- <= 0) break; at += one.length; } return at; };

/** A span of a text (an array of code points) without space around it and to the ends of its words; null where nothing is left. */
export function snapped(points, start, end) {
  let from = start, to = end;
  while (from < to && /\s/u.test(points[from])) from += 1;
  while (to > from && /\s/u.test(points[to - 1])) to -= 1;
  if (from >= to) return null;
  if (isWord(points, from)) while (from > 0 && isWord(points, from - 1)) from -= 1;
  if (isWord(points, to - 1)) while (to < points.length && isWord(points, to)) to += 1;
  while (from > 0 && (JOINED.test(points[from]) || points[from - 1] === JOINER)) from -= 1;
  while (to < points.length && (JOINED.test(points[to]) || points[to - 1] === JOINER)) to += 1;
  return [from, to];
}

/** The words of a text as [start, end) in code points. */
export function wordsOf(points) {
  const found = [];
  for (let at = 0; at < points.length; at += 1) {
    if (!isWord(points, at)) continue;
    const start = at;
    while (at < points.length && isWord(points, at)) at += 1;
    found.push([start, at]);
  }
  return found;
}

/** Letters, digits and what combines with them; a sign between two of these too, as in "stage-3" and "1.5". */
function isWord(points, at) {
  if (PART_OF_WORD.test(points[at])) return true;
  if (COMBINING.test(points[at])) return at > 0 && isWord(points, at - 1);
  return INSIDE_WORD.test(points[at]) && at > 0 && at + 1 < points.length && PART_OF_WORD.test(points[at - 1]) && PART_OF_WORD.test(points[at + 1]);
}
