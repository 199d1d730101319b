"""A site with a store of its own: notes of the corpus coded and signed through the whole server, and the command line on what came of it."""

from __future__ import annotations

import csv
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from benchmarks.corpus_review import Coded, CorpusNote, CorpusReview, reviewed, server_on
from fhir_coder.cli import main
from fhir_coder.settings import Settings
from tests.recalibration.exported import Line, lines_in
from tests.store.conftest import KEY

Figures = dict[str, tuple[str, str, str]]


@dataclass(frozen=True)
class Told:
    """What a command ended with and printed."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class StoredCoding:
    """A coding as its rows tell it."""

    id: str
    patient: str
    disposition: str
    state: str
    is_superseded: bool
    created_at: datetime
    signed_at: datetime | None

    @property
    def turnaround_s(self) -> float:
        assert self.signed_at
        return (self.signed_at - self.created_at).total_seconds()


class Site:
    """``folder`` gets the store and the data folder, whose releases and indexes are those of the environment."""

    def __init__(self, folder: Path, seed: int, patients: int) -> None:
        self.folder, self.database = folder, folder / "store.sqlite"
        full = Settings.from_environment().data
        (folder / "data").mkdir()
        for name in ("releases", "index"):
            (folder / "data" / name).symlink_to(full / name)
        self.environment = {
            "FHIR_CODER_DATA": str(folder / "data"),
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{self.database}",
            "FHIR_CODER_LOG_LEVEL": "WARNING",
        }
        self.review = CorpusReview(server_on(**self._served), seed=seed, patients=patients)

    def start_anew(self, **environment: str) -> None:
        """The server with more settings."""
        self.environment |= environment
        self.review.move_to(server_on(**self._served))

    def command(self, *arguments: str) -> Told:
        """``fhir-coder`` in the site's environment."""
        out, err = io.StringIO(), io.StringIO()
        with patch.dict(os.environ, self.environment), redirect_stdout(out), redirect_stderr(err):
            status = main(arguments)
        return Told(status, out.getvalue(), err.getvalue())

    def export(self, name: str) -> list[Line]:
        """The decisions so far."""
        file = self.folder / name
        assert self.command("decisions", "--output", str(file)).status == 0 and file.stat().st_mode & 0o777 == 0o600
        return lines_in(file)

    def codings(self) -> dict[str, StoredCoding]:
        """Every coding with its review, from the tables themselves."""
        query = (
            "SELECT c.id, c.patient_reference, c.disposition, r.state, r.superseded_by, c.created_at, r.signed_at "
            "FROM coded_encounter c JOIN review r ON r.coded_encounter = c.key"
        )
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(query).fetchall()
        return {
            row[0]: StoredCoding(*row[:4], bool(row[4]), datetime.fromisoformat(row[5]), datetime.fromisoformat(row[6]) if row[6] else None)
            for row in rows
        }

    def dashboard(self, first: datetime, last: datetime) -> Figures:
        """Part, of and value of each figure of the whole, by name, as the page's file has them."""
        path = f"?from={first.date()}&to={last.date()}"
        page, file = self.review.get(f"/review/dashboard{path}"), self.review.get(f"/review/dashboard.csv{path}")
        assert (page.status_code, file.status_code) == (200, 200)
        rows = csv.DictReader(io.StringIO(file.text))
        return {
            row["figure"]: (row["part"], row["of"], row["value"])
            for row in rows
            if row["section"] in {"all", "calibration"} and not row["group"]
        }

    def coded_and_signed(self, notes: tuple[CorpusNote, ...]) -> Iterator[tuple[CorpusNote, Coded]]:
        """Each note coded and, where it waits for a person, signed."""
        for note, coded, fate in reviewed(self.review, notes):
            assert fate.is_signed or coded.disposition == "pass", note.id
            yield note, coded

    def coded(self, notes: tuple[CorpusNote, ...]) -> Iterator[tuple[CorpusNote, Coded]]:
        """Each note coded and left to wait."""
        for note in notes:
            yield note, self.review.code(note)

    @property
    def _served(self) -> dict[str, str]:
        return {"url": self.environment["FHIR_CODER_DATABASE_URL"], **self.environment}


def say(text: str) -> None:
    """A figure for ``docs/soak.md``, past what a test run hides."""
    print(f"\n{text}", file=sys.__stdout__, flush=True)
