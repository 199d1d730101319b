"""A list of codes that a person puts together from nothing: looked up, added, moved, removed. One step for each form that is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_coder.errors import InvalidContent
from terminology.codebook import Codebook

MOST = 50
"""Codes of one encounter; a claim holds 12."""
FIND, HAND_IN = "find", "hand-in"


@dataclass(frozen=True, slots=True)
class Picked:
    """The codes so far, in order, and what to tell the person."""

    codes: tuple[str, ...]
    said: str = ""


def checked(codes: Sequence[str], codebook: Codebook) -> tuple[str, ...]:
    """Codes as the release prints them. Raises InvalidContent for too many, for one twice and for one that cannot be billed."""
    known = tuple(codebook.normalize(one) or "" for one in codes[: MOST + 1])
    if len(known) > MOST or len(set(known)) < len(known):
        raise InvalidContent(f"the list holds at most {MOST} codes, each once")
    if not all(one and codebook.is_billable(one) for one in known):
        raise InvalidContent("the list holds a code that the release does not have, or that cannot be billed")
    return known


def picked(codes: tuple[str, ...], do: str, query: str, codebook: Codebook) -> Picked:
    """The list after one step: ``do`` is ``add:CODE``, ``remove:CODE``, ``up:CODE`` or ``down:CODE``; a look-up of a whole code that can be billed adds it."""
    what, _, code = do.partition(":")
    typed = codebook.normalize(query.strip()) if do == FIND and len(query) <= 10 else None
    if typed and codebook.is_billable(typed):
        what, code = "add", typed
    if what == "add":
        return _added(codes, code, codebook)
    if code not in codes:
        return Picked(codes)
    if what == "remove":
        return Picked(tuple(one for one in codes if one != code), f"{code} is removed.")
    place = codes.index(code) + {"up": -1, "down": 1}.get(what, 0)
    rest = [one for one in codes if one != code]
    rest.insert(min(max(place, 0), len(rest)), code)
    return Picked(tuple(rest), f"{code} is number {rest.index(code) + 1}.")


def _added(codes: tuple[str, ...], given: str, codebook: Codebook) -> Picked:
    code = codebook.normalize(given)
    if not code or not codebook.is_billable(code):
        return Picked(codes, "There is no such code, or it cannot be billed.")
    if code in codes:
        return Picked(codes, f"{code} is in the list already.")
    return Picked((*codes, code)[:MOST], f"{code} is added as number {min(len(codes) + 1, MOST)}.")
