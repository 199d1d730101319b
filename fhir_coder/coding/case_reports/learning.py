"""Learning the tables of :mod:`.learned` from reports whose evidence was aligned, and writing them down.

A ranker must not learn from what a report taught the table: the phrases of a report's own evidence would always be right. So for training each
fold of reports is coded with tables learned from the others (:func:`learn_left_out`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from fhir_coder.coding.case_reports.alignment import Aligned, Report, align, learn_translations
from fhir_coder.coding.case_reports.learned import LONGEST, LearnedPhrases, Link, Phrase, find_phrases

FOLDS = 10
SEED = 20260401
LEAST_SHARE = 0.45
"""Share of the evidence that its English words must account for."""

_EDGES = frozenset(["the", "a", "an", "of", "in", "and", "with", "to", "is", "was", "at", "on", "for", "by", "no", "not", "or"])

HEADER = """\
# {title}
# Learned by "fhir-coder learn" from the training part of CodiEsp, English version (500 clinical case reports, machine-translated from Spanish).
# Source: A. Miranda-Escalada, A. Gonzalez-Agirre, J. Armengol-Estape, M. Krallinger, "Overview of automatic clinical coding: annotations,
# guidelines, and solutions for non-English clinical cases at CodiEsp track of CLEF eHealth 2020"; the corpus is licensed CC BY 4.0
# (https://creativecommons.org/licenses/by/4.0/). Changed: phrases were cut out, put into singular lower case and counted.
# Used by the coding policy "mentions" alone.
"""


def learn_phrases(reports: Sequence[Report], aligned: Sequence[Sequence[Aligned]]) -> LearnedPhrases:
    """The tables of these reports."""
    together: dict[Phrase, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, (report, found) in enumerate(zip(reports, aligned, strict=True)):
        for one in found:
            if (phrase := _phrase(report, one)) and one.share >= LEAST_SHARE:
                together[phrase][one.code].add(number)
    seen: dict[Phrase, set[int]] = defaultdict(set)
    for number, report in enumerate(reports):
        for _, _, phrase in find_phrases([word.form for word in report.words], together):
            seen[phrase].add(number)
    links = {
        phrase: tuple(
            Link(code, len(numbers), sum(code in reports[number].codes for number in seen[phrase]), len(seen[phrase]))
            for code, numbers in sorted(codes.items())
        )
        for phrase, codes in sorted(together.items())
    }
    return LearnedPhrases(links, dict(sorted(Counter(code for report in reports for code in report.codes).items())))


def _phrase(report: Report, one: Aligned) -> Phrase:
    """The aligned words without small words at the edges; empty when nothing that could be told apart is left."""
    forms = [word.form for word in report.words[one.first : one.last]]
    while forms and forms[0] in _EDGES:
        forms.pop(0)
    while forms and forms[-1] in _EDGES:
        forms.pop()
    is_number = len(forms) == 1 and forms[0].isdigit()
    return () if is_number or len(forms) > LONGEST else tuple(forms)


def align_all(reports: Sequence[Report]) -> list[tuple[Aligned, ...]]:
    """The alignment of every report, with translations learned from these reports."""
    table = learn_translations(reports)
    return [align(report, table) for report in reports]


def learn_left_out(reports: Sequence[Report]) -> list[LearnedPhrases]:
    """For each report the tables of a fold that leaves it out, translations included; reports of one fold share theirs."""
    fold_of = [int(place) % FOLDS for place in np.random.default_rng(SEED).permutation(len(reports))]
    tables = {}
    for fold in sorted(set(fold_of)):
        kept = [report for report, own in zip(reports, fold_of, strict=True) if own != fold]
        tables[fold] = learn_phrases(kept, align_all(kept))
    return [tables[fold] for fold in fold_of]


def phrases_table(learned: LearnedPhrases) -> str:
    """``phrases.tsv``."""
    rows = [
        f"{' '.join(phrase)}\t{link.code}\t{link.together}\t{link.beside}\t{link.reports}"
        for phrase, links in learned.links.items()
        for link in links
    ]
    title = "Phrases of case reports and the codes that they were given."
    return HEADER.format(title=title) + "\n".join(["phrase\tcode\ttogether\tbeside\treports", *rows]) + "\n"


def codes_table(learned: LearnedPhrases) -> str:
    """``codes.tsv``."""
    rows = [f"{code}\t{count}" for code, count in learned.codes.items()]
    return HEADER.format(title="In how many case reports each code was given.") + "\n".join(["code\treports", *rows]) + "\n"
