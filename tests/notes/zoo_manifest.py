"""The document zoo: files as EHRs send them, what they are declared as, and what a reader must make of them.

``manifest.tsv`` has a line for each file: its name, the declared content type, the outcome (``text``, or the reason why it is unreadable),
the titles of the declared sections, and what is said about it (warnings, or the detail of the refusal). The text is in ``<file>.expected``.
PDF, pictures and files of other charsets are made by ``tools/build_note_zoo.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "zoo"


@dataclass(frozen=True)
class Exhibit:
    """One file of the zoo."""

    name: str
    content_type: str
    outcome: str
    hints: tuple[str, ...]
    said: str

    @property
    def data(self) -> bytes:
        return (FOLDER / self.name).read_bytes()

    @property
    def text(self) -> str:
        return (FOLDER / f"{self.name}.expected").read_bytes().decode("utf-8")


def exhibits() -> list[Exhibit]:
    lines = (FOLDER / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [
        Exhibit(name, declared, outcome, tuple(filter(None, hints.split(" / "))), said) for name, declared, outcome, hints, said in rows
    ]
