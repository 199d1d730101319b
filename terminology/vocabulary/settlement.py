"""Who has a phrase that several terms of the official tables claim: the nearest, and of equals what their codes share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from terminology.ancestry import shared_code
from terminology.codebook import Codebook
from terminology.lexicon.phrases import same_phrase_key
from terminology.vocabulary.claims import Claim


def settle(claims: Iterable[Claim], codebook: Codebook, counts: Counter[str]) -> list[Claim]:
    """One claim for each phrase (case and punctuation aside), in the order the terms were given.

    An earlier table comes before a later one, then the smaller distance decides. Claims that are equal in both and name different codes fall
    back to the nearest header above all of them, which the note must complete; where there is none the phrase is dropped and counted.
    """
    held: dict[str, list[Claim]] = {}
    for claim in claims:
        key = same_phrase_key(claim.phrase)
        rivals = held.setdefault(key, [])
        if not rivals or (claim.table == rivals[0].table and claim.distance < rivals[0].distance):
            held[key] = [claim]
        elif claim.table == rivals[0].table and claim.distance == rivals[0].distance and all(claim.codes != one.codes for one in rivals):
            rivals.append(claim)
    settled = [_settled(rivals, codebook) for rivals in held.values()]
    counts["ambiguous phrases dropped"] = sum(claim is None for claim in settled)
    order: dict[tuple[str, tuple[str, ...]], int] = {}
    kept = [claim for claim in settled if claim is not None]
    for claim in kept:
        order.setdefault((claim.table, claim.path), len(order))
    return sorted(kept, key=lambda claim: (order[claim.table, claim.path], claim.distance))


def _settled(rivals: list[Claim], codebook: Codebook) -> Claim | None:
    """The claim that holds among equals, or None."""
    first = rivals[0]
    if len(rivals) == 1:
        return first
    if any(len(claim.codes) > 1 for claim in rivals):
        return None
    header = shared_code(codebook, (claim.codes[0] for claim in rivals))
    return first._replace(codes=(header,)) if header else None
