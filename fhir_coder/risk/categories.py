"""The categories of a code, and of two categories the one that counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fhir_coder.risk.payment_year import PaymentYear
from fhir_coder.risk.published import DemographicEdit, mapping_of, model
from terminology.codebook import Codebook


class Mapped(StrEnum):
    """Whether a code lies in a category: it does, it does in none, or it would but not for a patient of this age or sex."""

    MAPPED = "mapped"
    UNMAPPED = "unmapped"
    NOT_FOR_PATIENT = "not-for-patient"


@dataclass(frozen=True, slots=True)
class Category:
    """One category by its number, and the categories of the same list of codes that trump it (see :func:`trumped_by`)."""

    number: str
    label: str
    trumped_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a code stands in the model."""

    status: Mapped
    categories: tuple[Category, ...] = ()


class Categories:
    """Answers for one encounter: ``age`` in completed years on the date of service or None, ``sex`` as FHIR administrative gender."""

    def __init__(self, codebook: Codebook, year: PaymentYear, age: int | None, sex: str) -> None:
        self._codebook = codebook
        self._mapping: Mapping[str, tuple[str, ...]] = mapping_of(year.year)
        self._age = age
        self._sex = sex

    def of(self, code: str) -> Standing:
        """The standing of a code however it is spelled. A header has the categories that all billable codes below it share: whatever detail
        is missing, these hold."""
        known = self._codebook.normalize(code)
        billable = self._codebook.billable_under(known) if known and self._codebook.is_header(known) else (known or code,)
        standings = [self._of_billable(one.replace(".", "").strip().upper()) for one in billable]
        shared = set.intersection(*(set(one.categories) for one in standings))
        if shared:
            return Standing(Mapped.MAPPED, tuple(sorted(shared, key=lambda one: int(one.number))))
        is_for_others = all(one.status is Mapped.NOT_FOR_PATIENT for one in standings)
        return Standing(Mapped.NOT_FOR_PATIENT if is_for_others else Mapped.UNMAPPED)

    def _of_billable(self, code: str) -> Standing:
        numbers, edit = self._mapping.get(code, ()), model().edits.get(code)
        if numbers and edit and self._is_edited(edit):
            numbers = (edit.instead,) if edit.instead else ()
            if not numbers:
                return Standing(Mapped.NOT_FOR_PATIENT)
        categories = tuple(Category(number, model().labels.get(number, "")) for number in numbers)
        return Standing(Mapped.MAPPED if categories else Mapped.UNMAPPED, categories)

    def _is_edited(self, edit: DemographicEdit) -> bool:
        """Whether an edit of the model is about this patient; what is unknown of the patient meets no edit."""
        if edit.sex:
            return edit.sex == self._sex
        if self._age is None:
            return False
        is_young = edit.oldest is not None and self._age <= edit.oldest
        return is_young or (edit.youngest is not None and self._age >= edit.youngest)


def trumped_by(number: str, present: Iterable[str]) -> tuple[str, ...]:
    """Which of the ``present`` categories stand above one in the hierarchies of the model: it does not count beside them."""
    return tuple(sorted({one for one in present if number in model().below.get(one, ())}, key=int))
