"""Details that the words of the note decide by a chapter's own rule: the type of diabetes, trimester from weeks, the dominant side from
handedness, depth and stage of ulcers, displacement of fractures."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fhir_coder.gestation import trimester_of, weeks_told
from terminology.codebook import Codebook

_TRIMESTER = re.compile(r"\b(first|1st|second|2nd|third|3rd) trimester\b", re.IGNORECASE)
_BORN_AT = re.compile(
    r"\b(?:born|birth|delivered|delivery) (?:\w+ )?(?:at|@) (\d{2})\s?(?:w|weeks?|wks?|\+\d|\d/7)|\b(?:ex|former)[- ](\d{2})[- ]?(?:w|weeks?|weeker)|\b(\d{2})[- ]weeker\b",
    re.IGNORECASE,
)
_ORDINALS = {"1st": "first", "2nd": "second", "3rd": "third"}

# How titles at L97 and L98.4- word the depth of an ulcer, and those at L89 the stage (guideline I.C.12.a), with the words of notes.
_DEPTHS = {
    "limited to breakdown of skin": re.compile(
        r"\blimited to (?:the )?(?:breakdown of )?(?:the )?skin\b|\b(?:skin breakdown|skin|epidermis|dermis) only\b|\bpartial[- ]thickness\b|\bsuperficial\b",
        re.IGNORECASE,
    ),
    "with fat layer exposed": re.compile(
        r"\bfat layer\b|\bfat (?:is )?(?:exposed|visible)\b|\bexposed (?:subcutaneous |subq )?fat\b"
        r"|\b(?:to|into|through|through to) (?:the )?(?:level of (?:the )?)?(?:sub-?q(?:ut)?|subcutaneous|adipose|fatty|fat)(?: (?:tissue|fat|layer))?\b(?! (?:muscle|bone))",
        re.IGNORECASE,
    ),
    "with muscle involvement without evidence of necrosis": re.compile(
        r"\b(?:to|into|exposed|visible) (?:the )?(?:muscle|tendon)\b(?! (?:necrosis|is dead))|\b(?:muscle|tendon) (?:is )?(?:exposed|visible)\b",
        re.IGNORECASE,
    ),
    "with bone involvement without evidence of necrosis": re.compile(
        r"\b(?:to|exposed|visible) (?:the )?bone\b|\bbone (?:is )?(?:exposed|visible)\b", re.IGNORECASE
    ),
    "with necrosis of muscle": re.compile(
        r"\bnecrosis of (?:the )?muscle\b|\bmuscle necrosis\b|\b(?:dead|necrotic|devitali[sz]ed) muscle\b", re.IGNORECASE
    ),
    "with necrosis of bone": re.compile(
        r"\bnecrosis of (?:the )?bone\b|\bbone necrosis\b|\b(?:dead|necrotic|devitali[sz]ed) bone\b", re.IGNORECASE
    ),
}
_STAGES = {
    "stage 1": re.compile(r"\b(?:stage|grade|st) ?(?:1|i)\b", re.IGNORECASE),
    "stage 2": re.compile(r"\b(?:stage|grade|st) ?(?:2|ii)\b", re.IGNORECASE),
    "stage 3": re.compile(r"\b(?:stage|grade|st) ?(?:3|iii)\b", re.IGNORECASE),
    "stage 4": re.compile(r"\b(?:stage|grade|st) ?(?:4|iv)\b", re.IGNORECASE),
    "unstageable": re.compile(r"\bunstageable\b", re.IGNORECASE),
}
_SENTENCE = 3  # the mention, its statement, its sentence; then comes the whole note

_TYPE_1 = re.compile(r"(?<!not )\b(?:type (?:1|one|I)\b|T1DM?\b|DM ?1\b|DM type (?:1|I)\b|LADA\b|juvenile diabet\w+)", re.IGNORECASE)
_TYPE_2 = re.compile(r"\b(?:type (?:2|two|II)\b|T2DM?\b|DM ?2\b|NIDDM\b|pre-?diabet\w+|gestational)", re.IGNORECASE)

_HANDED = re.compile(r"\b(right|left)[- ]hand(?:ed(?:ness)?\b|[- ]dominan)|\b(?:RHD|LHD)\b", re.IGNORECASE)
_AFFECTED = re.compile(r"\b(right|left|rt|lt)\b|\b(R|L)\b(?=\s+(?:hemi|mono|sided))", re.IGNORECASE)
# The group is empty where displacement is affirmed.
_DISPLACEMENT = re.compile(r"\b(?:(non-?\s?|un|not |without |no )?displace(?:d|ment)|(non-?\s?|un)disp(?:l(?:ac)?)?)\b", re.IGNORECASE)
_SIDE_NAMES = {"rt": "right", "r": "right", "lt": "left", "l": "left"}


def as_documented(codebook: Codebook, code: str, contexts: tuple[str, ...]) -> str:
    """The code with "unspecified trimester", side, severity or stage replaced by what the ``contexts`` (nearest words first) tell."""
    title = codebook.title(code)
    if code.startswith("E11") and _is_type_1(contexts):
        return _same_of_type_1(codebook, code)
    if "unspecified trimester" in title and (trimester := _trimester(contexts)):
        return _sibling(codebook, code, "unspecified trimester", f"{trimester} trimester")
    if "unspecified weeks of gestation" in title and (born := _BORN_AT.search("\n".join(contexts))):
        number = next(group for group in born.groups() if group)
        return _sibling(codebook, code, "unspecified weeks of gestation", f"gestational age {number} completed weeks")
    if "affecting unspecified side" in title and (affected := _affected_side(contexts)):
        return _sibling(codebook, code, "affecting unspecified side", f"affecting {affected} side")
    if "with unspecified severity" in title and (depth := _first_of(_DEPTHS, contexts)):
        return _sibling(codebook, code, "with unspecified severity", depth)
    if title.startswith("Pressure ulcer") and "unspecified stage" in title and (stage := _first_of(_STAGES, contexts)):
        return _sibling(codebook, code, "unspecified stage", stage)
    if title.startswith("Displaced ") and _is_nondisplaced(contexts):
        return _sibling(codebook, code, "Displaced ", "Nondisplaced ")
    return code


def _is_type_1(contexts: tuple[str, ...]) -> bool:
    """Whether the note calls the diabetes type 1 and nowhere type 2, which an untyped one is taken for (guideline I.C.4.a.2)."""
    text = "\n".join(contexts)
    return _TYPE_1.search(text) is not None and _TYPE_2.search(text) is None


def _same_of_type_1(codebook: Codebook, code: str) -> str:
    known = codebook.normalize("E10" + code[3:])
    return known if known is not None and codebook.is_billable(known) else code


def _is_nondisplaced(contexts: tuple[str, ...]) -> bool:
    """Whether the nearest words about displacement deny it, else all of the note; a fracture said to be neither is displaced (guideline
    I.C.19.c)."""
    named = (_DISPLACEMENT.findall(context) for context in contexts)
    found = next((words for words in named if words), [])
    return bool(found) and all(any(denial) for denial in found)


def _first_of(choices: Mapping[str, re.Pattern[str]], contexts: tuple[str, ...]) -> str | None:
    """The only choice that the nearest words to name any do; farther than the sentence may be another ulcer."""
    named = ([words for words, pattern in choices.items() if pattern.search(context)] for context in contexts[:_SENTENCE])
    found = next((words for words in named if words), [])
    return found[0] if len(found) == 1 else None


def _sibling(codebook: Codebook, code: str, words: str, replacement: str) -> str:
    """The sibling, or else cousin (displaced S62.63-, nondisplaced S62.66-), whose title differs in these words alone, with the same seventh
    character; the code itself when there is none."""
    stem = codebook.stem(code)
    wanted = codebook.title(stem).replace(words, replacement)
    above = codebook.ancestors(stem)
    siblings = [child for parent in above[:1] for child in codebook.children(parent)]
    siblings += [child for parent in above[1:2] for aunt in codebook.children(parent) for child in codebook.children(aunt)]
    # Titles write "nondominant" and "non-dominant".
    found = [child for child in siblings if codebook.title(child).replace("non-", "non") == wanted.replace("non-", "non")]
    if not found:
        return code
    return found[0] if codebook.is_billable(found[0]) else codebook.with_seventh(found[0], code[-1])


def _trimester(contexts: tuple[str, ...]) -> str | None:
    """The trimester named, else counted from the weeks: second from 14 weeks 0 days, third from 28 weeks 0 days (tabular, chapter 15;
    guideline I.C.15.a.3)."""
    near, note = "\n".join(contexts[:_SENTENCE]), "\n".join(contexts[_SENTENCE:])
    weeks = weeks_told(note) or weeks_told(near, is_of_pregnancy=True) or weeks_told(note, is_of_pregnancy=True)
    if weeks is not None:
        return trimester_of(weeks)
    # Near words name the trimester of this visit; farther ones often an earlier one ("first trimester screen normal").
    named = _TRIMESTER.search(near) or _TRIMESTER.search(note)
    word = named.group(1).lower() if named else ""
    return _ORDINALS.get(word, word) or None


def _affected_side(contexts: tuple[str, ...]) -> str | None:
    """Guideline I.C.6.a: without documented handedness a right side is dominant, a left side nondominant."""
    affected = next((named for context in contexts[:3] if (named := _named_side(context))), None)
    if affected is None:
        return None
    handed = next((_hand(found) for context in contexts if (found := _HANDED.search(context))), "right")
    return f"{affected} {'dominant' if affected == handed else 'nondominant'}"


def _named_side(text: str) -> str | None:
    named = {_SIDE_NAMES.get(word.lower(), word.lower()) for found in _AFFECTED.findall(_HANDED.sub(" ", text)) for word in found if word}
    return named.pop() if len(named) == 1 else None


def _hand(found: re.Match[str]) -> str:
    return (found.group(1) or {"RHD": "right", "LHD": "left"}[found.group().upper()]).lower()
