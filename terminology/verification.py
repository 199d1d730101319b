"""Is a loaded release what it claims to be? Counts, sentinels, and its own structure."""

from __future__ import annotations

from terminology import embedded
from terminology.references import parse_references
from terminology.release import Release
from terminology.release_manifest import ReleaseManifest

# Codes that every edition of the last years has, with the shape that loaders get wrong.
_BILLABLE = ("I10", "E11.22", "C4A.9", "M1A.9XX0", "O9A.119", "W21.89XA", "S06.0X0A", "T36.0X1A", "U07.1", "Z3A.20")
_HEADERS = ("E11", "S93.40", "M25.56", "I50")
_ABSENT = ("W21.89A", "S06.9X7D", "I10.0", "Z99.999")


def verify(release: Release) -> list[str]:
    """Problems in sentences; none for a sound release."""
    book = release.codebook
    problems = [f"{code} is not billable" for code in _BILLABLE if not book.is_billable(code)]
    problems += [f"{code} is not a header" for code in _HEADERS if not book.is_header(code)]
    problems += [f"{code} exists" for code in _ABSENT if code in book]
    if release.sha256 == embedded.SHA256 and (len(book), book.billable_count) != (embedded.CODES, embedded.BILLABLE):
        problems.append(f"{len(book)} codes and {book.billable_count} billable instead of {embedded.CODES} and {embedded.BILLABLE}")
    if release.caveat:
        return problems  # the headings of an overlay are the base's: they do not know its new categories
    problems += [
        f"{code} stands outside its section {book.section(code).id}"
        for code in book.codes()
        if len(code) == 3 and not _is_in_section(release, code)
    ]
    return problems


def differs_from_manifest(release: Release, manifest: ReleaseManifest) -> list[str]:
    """What the opened release has other than its manifest says. The hashes of its files were checked when it was opened."""
    book = release.codebook
    counts, recorded = (len(book), book.billable_count), (manifest.codes, manifest.billable)
    problems = [f"{counts[0]} codes and {counts[1]} billable instead of {recorded[0]} and {recorded[1]}"] if counts != recorded else []
    if (release.vocabulary is None) != ("vocabulary" not in manifest.files):
        problems.append("the vocabulary is not read")
    return problems


def _is_in_section(release: Release, code: str) -> bool:
    section = release.codebook.section(code).id
    return any(reference.covers(code) for reference in parse_references(f"({section})"))
