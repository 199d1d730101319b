"""What a code still leaves open, with the codes that each answer leads to: side, stage, type, trimester, seventh character.

Official Guidelines I.B.2 (highest level of detail), I.B.13 (laterality), I.B.18 (an unspecified code is right when no more is documented). Nothing
is chosen for the person, and nothing says that the note tells more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fhir_coder.code_search.choice import Choice, below, choices_of
from fhir_coder.edits.query_axes import all_axes
from fhir_coder.edits.query_leads import completed, sibling_titled
from fhir_coder.edits.side_family import side_family
from terminology.codebook import Codebook
from terminology.detail import is_unspecified
from terminology.laterality import side, sides

MOST_DETAILS = 12
_SIDES = ("right", "left", "bilateral")
_TRIMESTERS = ("first trimester", "second trimester", "third trimester")
_OPEN_TRIMESTER = "unspecified trimester"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and the codes that it leads to, not all of which need be billable."""

    text: str
    codes: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing that a code leaves open. ``axis`` is a word for it (``side``, ``trimester``, ``seventh-character``, ``detail``, or the topic of a query to
    the provider), ``what`` its name for people."""

    axis: str
    what: str
    answers: tuple[Answer, ...]


def prompts(codebook: Codebook, code: str) -> tuple[Prompt, ...]:
    """What the code leaves open, what matters most first; empty for a code that leaves nothing open. Raises UnknownCode."""
    found = [prompt for prompt in (*_side(codebook, code), *_axes(codebook, code), *_trimester(codebook, code)) if prompt.answers]
    if not found:
        found += [prompt for prompt in _detail(codebook, code) if prompt.answers]
    return (*found, *_seventh(codebook, code))


def _answer(codebook: Codebook, text: str, codes: tuple[str, ...]) -> Iterator[Answer]:
    choices = choices_of(codebook, codes)
    if choices:
        yield Answer(text, choices)


def _side(codebook: Codebook, code: str) -> Iterator[Prompt]:
    """The sides of a code for an unspecified one, and of a header that opens into them."""
    stem = codebook.stem(code)
    if codebook.children(stem):
        family = dict(sides(codebook, stem))
    elif side(codebook.title(stem)) == "unspecified":
        family = dict(side_family(codebook, code))
    else:
        return
    answers = (one for name in _SIDES if name in family for one in _answer(codebook, name, completed(codebook, code, family[name])))
    yield Prompt("side", "the side", tuple(answers))


def _axes(codebook: Codebook, code: str) -> Iterator[Prompt]:
    """What providers are asked of this code (query_axes.tsv and query_options.tsv beside the edits)."""
    title = codebook.title(code)
    for axis in all_axes():
        if axis.leaves_open(code, title):
            leads = ((choice.text, tuple(choice.leads_to(code))) for choice in axis.choices)
            yield Prompt(axis.topic, axis.what, tuple(one for text, codes in leads for one in _answer(codebook, text, codes)))


def _trimester(codebook: Codebook, code: str) -> Iterator[Prompt]:
    if _OPEN_TRIMESTER in codebook.title(code).lower():
        leads = ((name, sibling_titled(codebook, code, _OPEN_TRIMESTER, name)) for name in _TRIMESTERS)
        yield Prompt("trimester", "the trimester", tuple(one for name, codes in leads for one in _answer(codebook, name, codes)))


def _detail(codebook: Codebook, code: str) -> Iterator[Prompt]:
    """The children of a header; of an unspecified code, the siblings that say more."""
    stem = codebook.stem(code)
    children = codebook.children(stem)
    parent = codebook.parent(stem)
    if not children and parent and is_unspecified(codebook.title(stem)):
        siblings = (one for one in codebook.children(parent) if not is_unspecified(codebook.title(one)))
        children = tuple(lead for one in siblings for lead in completed(codebook, code, one))
    answers = (one for child in children[:MOST_DETAILS] for one in _answer(codebook, codebook.title(child), (child,)))
    yield Prompt("detail", "the detail", tuple(answers))


def _seventh(codebook: Codebook, code: str) -> Iterator[Prompt]:
    """The seventh character of a stem that lacks it (guideline I.A.5): A, D and S among them by phase of care (I.C.19.a)."""
    characters = codebook.seventh_characters(code)
    if characters and not codebook.is_billable(code):
        full = {choice.code[-1]: choice for choice in below(codebook, code)}
        answers = tuple(Answer(f"{character}: {text}", (full[character],)) for character, text in characters.items() if character in full)
        yield Prompt("seventh-character", "the seventh character", answers)
