"""Reading the tables beside the edits: tab separated, ``#`` comments, one header line, every row with its source."""

from __future__ import annotations

from collections.abc import Iterator

from terminology.knowledge import knowledge_of


def read_table(name: str) -> Iterator[dict[str, str]]:
    """The rows of ``fhir_coder/edits/<name>`` by column; raises ValueError when a row has another number of cells than the header."""
    return parse_table(knowledge_of("fhir_coder.edits").joinpath(name).read_text(encoding="utf-8"))


def parse_table(text: str) -> Iterator[dict[str, str]]:
    """The rows of such a table; an empty text has none. Raises as :func:`read_table` does."""
    rows = [line.split("\t") for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for row in rows[1:]:
        yield dict(zip(rows[0], row, strict=True))
