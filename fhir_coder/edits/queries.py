"""Queries to the provider: what a code leaves open, asked without leading.

The practice: Guidelines for Achieving a Compliant Query Practice (AHIMA and ACDIS, 2022 update). A query quotes the indicators it rests on, offers
the answers that these support and always "other" and "unable to determine", and names no code, payment or quality measure. Which codes an answer
leads to is told to the coder alone, and an answer counts as a signed addendum only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.query_axes import Axis, Choice, axes_of
from fhir_coder.edits.query_indicators import Statements, statements_of
from fhir_coder.edits.query_measures import measured
from fhir_coder.model import Evidence, ProviderQuery, QueryOption

OTHER = QueryOption("other (please specify)")
UNABLE = QueryOption("unable to determine")
PRESUPPOSED = 0.5
"""The lowest probability of a code whose details are asked for."""

MOST_INDICATORS = 6
"""Quotations of one query: more than these nobody reads."""


def open_axes(case: EditCase, edit: str) -> Iterator[Fault]:
    """One fault with its query for each code of the case that leaves open what a row of ``query_axes.tsv`` for this edit asks; codes that differ in
    something else ("with exacerbation") are one condition and asked about once."""
    asked: set[tuple[str, str | None]] = set()
    for code in sorted(case.known):
        for axis in axes_of(edit):
            if axis.leaves_open(code, case.titles[code]) and is_presupposed(case, code):
                condition = axis.topic, case.codebook.parent(case.codebook.stem(code))
                if condition not in asked:
                    asked.add(condition)
                    yield from _asked(case, code, axis)


def is_presupposed(case: EditCase, code: str) -> bool:
    """Whether the notes rather have the condition than not: a question about its details takes it as established."""
    assignments = case.coded.assignments if case.coded else ()
    return any(one.code == code and one.probability >= PRESUPPOSED and one.evidence for one in assignments)


def ask(
    case: EditCase, codes: tuple[str, ...], what: str, question: str, options: Iterable[QueryOption], indicators: Iterable[Evidence]
) -> Fault:
    """The fault for codes that leave ``what`` open, with the query; "other" and "unable to determine" are added to the options."""
    quoted = tuple(dict.fromkeys(indicators))[:MOST_INDICATORS]
    query = ProviderQuery(question, quoted, (*options, OTHER, UNABLE))
    leave = f"{codes[0]} leaves" if len(codes) == 1 else f"{', '.join(codes)} leave"
    detail = f"{leave} {what} open, and the notes do not tell it; ask the provider, or keep the code where it cannot be known."
    return Fault(codes, detail, tuple(one for code in codes for one in case.evidence_for(code)), query)


def is_settled(case: EditCase, codes: tuple[str, ...], leads: Iterable[str]) -> bool:
    """Whether another code of the case says already what these leave open: that is for FCE-305, not for the provider."""
    closer = set(leads)
    return any(known not in codes and (known in closer or not closer.isdisjoint(case.codebook.ancestors(known))) for known in case.known)


def _asked(case: EditCase, code: str, axis: Axis) -> Iterator[Fault]:
    """The fault, unless the notes answer the question, say that the answer is being looked for, or hold nothing that supports one."""
    said = statements_of(case)
    if said.answer(case.evidence_for(code), axis.names, axis.told):
        return
    measures = {choice.measure for choice in axis.choices if choice.measure}
    values = {name: tuple(measured(said, name)) for name in measures}
    signs = [one for found in values.values() for one, _ in found] + list(said.quotes(axis.signs))
    options = tuple(_options(case, code, axis, said, {name: [value for _, value in found] for name, found in values.items()}))
    if not options or (axis.needs_signs and not signs) or is_settled(case, (code,), (lead for one in options for lead in one.leads_to)):
        return
    yield ask(case, (code,), axis.what, axis.question, options, (*said.around(case.evidence_for(code)), *signs))


def _options(case: EditCase, code: str, axis: Axis, said: Statements, values: dict[str, list[float]]) -> Iterator[QueryOption]:
    """The answers that the notes support and the release has codes for."""
    for choice in axis.choices:
        leads = tuple(known for lead in choice.leads_to(code) if (known := case.codebook.normalize(lead)))
        if leads and _is_supported(choice, said, values.get(choice.measure, [])):
            yield QueryOption(choice.text, leads)


def _is_supported(choice: Choice, said: Statements, values: list[float]) -> bool:
    """By a value of its measure, where there is one, by the words that it needs, and by those that speak against it."""
    fits = not values or any(choice.low <= value <= choice.high for value in values)
    return fits and (choice.needs is None or said.affirm(choice.needs)) and not (choice.unless and said.affirm(choice.unless))
