"""One phrase of the clinical vocabulary, the codes it means and the contexts in which it means them."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = frozenset({"disorder", "history", "status", "symptom", "finding", "encounter", "cause"})
SECTIONS = frozenset({"assessment"})
SEXES = frozenset({"female", "male"})


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Completed years on the date of service for which a phrase holds: ``minimum`` included, ``below`` excluded (None: no upper end)."""

    minimum: int = 0
    below: int | None = None

    def includes(self, age: int) -> bool:
        """Whether a patient of ``age`` completed years is in the range."""
        return self.minimum <= age and (self.below is None or age < self.below)

    def overlaps(self, other: AgeRange) -> bool:
        """Whether some age lies in both ranges."""
        return (other.below is None or self.minimum < other.below) and (self.below is None or other.minimum < self.below)


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """A phrase and its codes.

    ``codes`` are billable codes, or stems and headers that the coder completes by rule (side, seventh character, unspecified child); more
    than one code means that the classification wants all of them for this phrase (guideline I.A.13, I.B.7, I.B.9). ``id`` is
    ``<specialty>:<phrase as slug>``, with ``@<codes>`` when other contexts give the same phrase other codes. Of ``near``, one word must stand
    in the same note within 200 characters of the phrase; of ``unless``, none may. ``section_only`` names the part of the note the phrase
    is limited to (``assessment``: assessment, plan, diagnoses, problem list) or is empty. ``source`` is the file and ``line`` its line.
    """

    id: str
    phrase: str
    codes: tuple[str, ...]
    kind: str = "disorder"
    is_case_sensitive: bool = False
    near: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    section_only: str = ""
    sex: str = ""
    age: AgeRange | None = None
    source: str = ""
    line: int = 0

    @property
    def companions(self) -> tuple[str, ...]:
        """The codes that go with the first one."""
        return self.codes[1:]

    @property
    def is_contextual(self) -> bool:
        """Whether anything but the words themselves decides if the phrase holds."""
        return bool(self.near or self.unless or self.section_only or self.sex or self.age)

    @property
    def where(self) -> str:
        """File and line, for messages."""
        return f"{self.source}:{self.line}"

    def excludes(self, other: LexiconEntry) -> bool:
        """Whether context keeps this entry and ``other`` (of the same phrase) apart: by sex, by age, or by the words around the phrase."""
        if self.sex and other.sex and self.sex != other.sex:
            return True
        if self.age and other.age and not self.age.overlaps(other.age):
            return True
        return _is_kept_apart(self, other) or _is_kept_apart(other, self) or _is_chosen_by_words(self, other)


def _is_kept_apart(one: LexiconEntry, other: LexiconEntry) -> bool:
    """Whether every word that ``one`` needs nearby forbids ``other``."""
    return bool(one.near) and set(one.near) <= set(other.unless)


def _is_chosen_by_words(one: LexiconEntry, other: LexiconEntry) -> bool:
    """Whether each needs words nearby and they share none, so that a note rarely satisfies both."""
    return bool(one.near and other.near) and not set(one.near) & set(other.near)
