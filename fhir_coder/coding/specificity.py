"""Completing a code to what can be billed: laterality from the words around it, the seventh character, else the unspecified child.

Guideline I.B.2 (code to the highest level of detail), I.B.13 (laterality), I.C.19.a (seventh character: A while the patient receives
active treatment, D after it, S for sequela), I.B.18 (unspecified codes are right when the note says no more).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fhir_coder.coding.documented import as_documented
from fhir_coder.coding.measured import is_measured, measured_child
from fhir_coder.coding.named_sides import named_sides, sides_beside
from fhir_coder.coding.side_exceptions import side_exceptions
from terminology.codebook import Codebook
from terminology.laterality import side as laterality
from terminology.laterality import sides

_AFTER = (
    r"healing|cast (?:removed|removal|change|check)|status post (?:orif|open reduction|fixation|repair)|s/p (?:orif|repair)|"
    r"post-?op(?:erative)? (?:visit|check|follow)"
)
# In the opening of a note "healed" is often another injury, and "suture removal" the plan.
_SUBSEQUENT_OPENING = re.compile(rf"\b(?:{_AFTER})\b", re.IGNORECASE)
_SUBSEQUENT = re.compile(
    rf"\b(?:{_AFTER}|healed|recovering|recovered|resolving|suture removal|recheck|follow-?up visit|subsequent (?:visit|encounter))\b"
    r"(?!\s+(?:in|after)\b|\s+\d)",
    re.IGNORECASE,
)
# How the opening line of a note says that this is a later visit for the injury.
_LATER_VISIT = re.compile(
    r"\b(?:(?:\d+|one|two|three|four|six|ten)[- ]?(?:d|days?|wks?|weeks?|mos?|months?)\.?(?: post| s/p| out| after| from)?[- ](?:re-?check|f/?u|follow-?up|out\b|s/p)"
    r"|re-?check (?:of |for )?|(?:f/u|follow-?up|fu) (?:of |for |on )?|(?:suture|staple|stitch|cast)s? (?:removal|out|check)"
    r"|s/p (?:fracture|fx)|wound (?:re)?check)\b",
    re.IGNORECASE,
)
_SUTURES_OUT = re.compile(
    r"\b(?:all|both|\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\s+(?:\w+\s+)?(?:sutures|stitches|staples) (?:were |are )?(?:out|removed)\b"
    r"|\b(?:sutures|stitches|staples) (?:were |are )?(?:out|removed) (?:today|now|without|easily)\b|\bimproving as expected\b",
    re.IGNORECASE,
)
_LATER_OPENING = 100
# What a fracture of a later visit does, and what an open one is; the characters are those of the tabular list (guideline I.C.19.c.1).
_COURSES = {
    "K": re.compile(r"\bnon-?union\b|\bfail(?:ed|ure) to unite\b", re.IGNORECASE),
    "P": re.compile(r"\bmal-?union\b|\bmalunited\b", re.IGNORECASE),
    "G": re.compile(r"\b(?:delayed|slow) (?:healing|union)\b|\bhealing (?:is )?(?:slow(?:ly)?|delayed)\b", re.IGNORECASE),
}
_OPEN = re.compile(
    r"(?<!not )(?<!no )(?<!non-)\bopen(?=[\s,)]+(?:\w+[\s,-]+){0,4}?(?:fx|fractures?)\b)|\b(?:fx|fracture)s?\b[\s,(]+open\b|\bcompound (?:fx|fracture)",
    re.IGNORECASE,
)
# What heals is the injury; a medicine taken wrongly is dealt with now.
_OF_MEDICINE = re.compile(r"(?:Poisoning|Adverse effect|Underdosing)\b")
# A bruise is often healing when it is first seen.
_SUPERFICIAL = re.compile(r"(?:Contusion|Abrasion|Other superficial bite|Insect bite)\b")
_SEQUELA = re.compile(r"\b(?:sequelae?|late effects?) (?:of|from)\b|\bold (?:fracture|injury)\b", re.IGNORECASE)

_UNSPECIFIED = re.compile(r"\b(?:unspecified|nos|without (?:mention of )?complications?)\b", re.IGNORECASE)
_OPENING = 400
_NEAR = 3  # the mention, its statement, its sentence; then comes the whole note
_TITLE_FILLERS = frozenset(["of", "the", "and", "with", "without", "in", "to", "or", "other"])

# The character taken when the note does not decide: initial encounter (A), fetus or stage not specified (0), unspecified (9).
_SEVENTH_DEFAULTS = ("A", "0", "9")


def side_of(texts: Iterable[str]) -> str | None:
    """The side named by the first text that names one: ``right``, ``left``, ``bilateral`` or None. Both sides named mean bilateral."""
    for text in texts:
        named = named_sides(text)
        if named == {"right", "left"} or "bilateral" in named:
            return "bilateral"
        if named:
            return next(iter(named))
    return None


def side_in(contexts: tuple[str, ...], title: str) -> str | None:
    """The side that the words around a mention name; else the only one named beside the part of the body that the ``title`` is about; the
    whole note decides last, and only when it names a single side: "lungs clear bilaterally" says nothing of the ovary."""
    near = side_of(contexts[:_NEAR])
    if near is not None:
        return near
    beside = set().union(*(sides_beside(title, context) for context in contexts[_NEAR:]))
    if len(beside) == 1 and beside != {"bilateral"}:
        return beside.pop()
    far = set().union(*(named_sides(context) for context in contexts[_NEAR:]))
    return far.pop() if len(far) == 1 and far != {"bilateral"} else None


def complete(codebook: Codebook, code: str, contexts: tuple[str, ...]) -> str | None:
    """The billable code that ``code`` becomes in these ``contexts`` (nearest words first), or None when it cannot be completed."""
    billable = _completed(codebook, code, contexts)
    return None if billable is None else as_documented(codebook, billable, contexts)


def _completed(codebook: Codebook, code: str, contexts: tuple[str, ...]) -> str | None:
    known = codebook.normalize(code)
    if known is None:
        return None
    lateral = _with_side(codebook, known, side_in(contexts, codebook.title(known)))
    if codebook.is_billable(lateral):
        return lateral
    seventh = codebook.seventh_characters(lateral)
    if seventh and not codebook.children(codebook.stem(lateral)):
        return codebook.with_seventh(lateral, _seventh_character(seventh, contexts, codebook.title(lateral)))
    if is_measured(codebook, lateral):
        return measured_child(codebook, lateral, contexts[0])
    child = _default_child(codebook, lateral, contexts)
    return _completed(codebook, child, contexts) if child else None


def _with_side(codebook: Codebook, code: str, side: str | None) -> str:
    """The sibling for the side, the unspecified side when none is known, or the code itself when sides do not matter."""
    exceptions = side_exceptions().get(code, {})
    options = exceptions if exceptions and all(one in codebook for one in exceptions.values()) else sides(codebook, code)
    if side is not None and side in options:
        return _with_its_stage(codebook, options[side], code)
    staged = codebook.stem(code) if code[-1].isdigit() else code
    if side is None and "unspecified" in options and staged not in options.values():
        return options["unspecified"]
    return code


def _with_its_stage(codebook: Codebook, lateral: str, code: str) -> str:
    """The code of the side with the seventh character of ``code`` where that is a stage: "early dry AMD" stays early on the right. The letters
    tell the encounter, and what the note says of it decides them."""
    if code == codebook.stem(code) or not code[-1].isdigit():
        return lateral
    return codebook.with_seventh(lateral, code[-1])


def _seventh_character(choices: Mapping[str, str], contexts: tuple[str, ...], subject: str) -> str:
    # The words near the mention and how the note opens ("six weeks after ..."): a planned suture removal is not a subsequent encounter.
    near, opening = " ".join(contexts[:3]), " ".join(context[:_OPENING] for context in contexts[3:])
    if "S" in choices and _SEQUELA.search(f"{near} {opening}"):
        return "S"
    if "D" in choices and not _OF_MEDICINE.match(subject):
        if course := next((one for one, told in _COURSES.items() if one in choices and told.search(near)), ""):
            return course
        if _is_later_visit("" if _SUPERFICIAL.match(subject) else near, opening, contexts):
            return "D"
    if "B" in choices and choices["B"].endswith("open fracture") and _OPEN.search(near):
        return "B"
    side = side_in(contexts, subject)
    stated = [character for character, title in choices.items() if _is_stated(title, near) or (side and side == laterality(title))]
    if len(stated) == 1:
        return stated[0]
    return next((character for character in _SEVENTH_DEFAULTS if character in choices), next(iter(choices)))


def _is_later_visit(near: str, opening: str, contexts: tuple[str, ...]) -> bool:
    """Whether the words near an injury, or how the note opens, tell that its active treatment is over (guideline I.C.19.a)."""
    if _SUBSEQUENT.search(near) or _SUBSEQUENT_OPENING.search(opening):
        return True
    first = " ".join(re.split(r"[.;\n]\s", context[:_LATER_OPENING], maxsplit=1)[0] for context in contexts[_NEAR:])
    return _LATER_VISIT.search(first) is not None or any(_SUTURES_OUT.search(context) for context in contexts)


def _is_stated(choice: str, text: str) -> bool:
    """Whether the text uses the very words of a choice: "moderate stage", "with tophus"; a word in brackets may stand for the last one
    ("with tophi")."""
    words, _, rest = choice.lower().partition(" (")
    forms = [words, re.sub(r"\w+$", rest.rstrip(")"), words)] if re.fullmatch(r"\w+\)", rest) else [words]
    return not _UNSPECIFIED.search(words) and any(re.search(rf"\b{re.escape(form)}\b", text.lower()) for form in forms)


def _default_child(codebook: Codebook, code: str, contexts: tuple[str, ...]) -> str | None:
    """The child that the nearest words single out ("right middle finger"), else the one that says "unspecified", else an only child."""
    children = codebook.children(code)
    unspecified = [child for child in children if _UNSPECIFIED.search(codebook.title(child))]
    ending_in_9 = [child for child in unspecified if child.endswith("9")]
    for choice in (_named_child(codebook, children, contexts), ending_in_9, unspecified, children if len(children) == 1 else []):
        if choice:
            return choice[0]
    return None


def _named_child(codebook: Codebook, children: tuple[str, ...], contexts: tuple[str, ...]) -> list[str]:
    """The one child whose own words (those its siblings do not all share) stand in the mention or its statement; else none."""
    words = {child: _title_words(codebook.title(child)) for child in children}
    shared = set.intersection(*words.values()) if words else set()
    near = _title_words(" ".join(contexts[:2]))
    side = side_in(contexts, codebook.title(children[0])) if children else None
    found = [
        child
        for child, own in words.items()
        if (own - shared) and (own - shared) <= near | ({side} if side else set()) and (own - shared) & near
    ]
    return found if len(found) == 1 else []


def _title_words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"[a-z]+", text.lower()) if word not in _TITLE_FILLERS}
