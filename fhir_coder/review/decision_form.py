"""A decision as a form of the page says it. What the form leaves out stays empty; whether the decision is whole is asked where it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from werkzeug.datastructures import MultiDict

from fhir_coder.errors import InvalidContent
from fhir_coder.store.records import StoredEncounter, StoredNote
from fhir_coder.worklist.decision import Act, Decision, Override, Span

ACCEPT_ALL = "accept-all"
"""The one act of the page that is several decisions: each open code is accepted."""
_LONGEST_NUMBER = 9


def version_of(form: MultiDict[str, str]) -> int:
    """The version that the person saw."""
    return _number(form.get("version", ""), "version")


def decision_of(form: MultiDict[str, str], coding: StoredEncounter, texts: Mapping[str, str]) -> Decision:
    """Whom it is assigned to is read apart (:mod:`.assigning`). ``texts`` are those of the notes that are here, by id. Raises InvalidContent for what cannot be read and for words that no note has."""
    try:
        act = Act(form.get("act", ""))
    except ValueError:
        raise InvalidContent("nothing of a review is decided that way") from None
    return Decision(
        act,
        code=form.get("code", "").strip().upper(),
        instead=form.get("instead", "").strip().upper(),
        reason=form.get("reason", ""),
        position=_number(form.get("position", ""), "position"),
        spans=(*(_span(one, coding) for one in form.getlist("span")), *_words(form, coding, texts)),
        lines=tuple(_number(one, "line") for one in form.getlist("line")),
        text=_text(form.get("text", "")),
        finding=form.get("finding", ""),
        undoes=_number(form.get("undoes", ""), "undoes"),
        overrides=_overrides(form),
    )


def _number(given: str, name: str) -> int:
    if not given:
        return 0
    if len(given) > _LONGEST_NUMBER or not (given.isascii() and given.isdigit()):
        raise InvalidContent(f"{name} is no number")
    return int(given)


def _text(given: str) -> str:
    """Browsers end the lines of a form with CR LF."""
    return given.replace("\r\n", "\n").strip()


def _note(number: int, coding: StoredEncounter) -> StoredNote:
    if not 1 <= number <= len(coding.notes):
        raise InvalidContent("the coding has no note of that number")
    return coding.notes[number - 1]


def _span(given: str, coding: StoredEncounter) -> Span:
    """``NOTE:START:END``: the number of the note on the page, offsets in code points."""
    parts = given.split(":")
    if len(parts) != 3:
        raise InvalidContent("words of a note are given as its number, start and end")
    number, start, end = (_number(one, "span") for one in parts)
    note = _note(number, coding)
    if not start < end <= note.length:
        raise InvalidContent("the note has no such place")
    return Span(note.id, start, end, note.sha256)


def _words(form: MultiDict[str, str], coding: StoredEncounter, texts: Mapping[str, str]) -> Sequence[Span]:
    """Words that were typed as they stand in the note of the number ``note``: how places are named without script."""
    words = _text(form.get("words", ""))
    if not words:
        return ()
    note = _note(_number(form.get("note", ""), "note") or 1, coding)
    text = texts.get(note.id, "")
    if text.count(words) != 1:
        raise InvalidContent(
            "the words do not stand in the note exactly once: copy them from it, with some more around them where they are repeated"
        )
    start = text.index(words)
    return (Span(note.id, start, start + len(words), note.sha256),)


def _overrides(form: MultiDict[str, str]) -> tuple[Override, ...]:
    """Triples of the same order; one without a reason overrides nothing, so that its finding blocks."""
    names = form.getlist("override_finding")
    why, texts = form.getlist("override_reason"), form.getlist("override_text")
    if not len(names) == len(why) == len(texts):
        raise InvalidContent("each override needs its finding, reason and text")
    return tuple(Override(name, reason, _text(text)) for name, reason, text in zip(names, why, texts, strict=True) if reason)
