"""A run that is there to be killed: the real store, index, processes and output, with codings made up in no time.

usage: python -m tests.bulk.crashing EXPORT OUT DATABASE_URL PROCESSES
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.bulk.export import Export
from fhir_coder.bulk.folder import held
from fhir_coder.bulk.run import Asked, Parts, run_bulk
from fhir_coder.bulk.summary import is_complete
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.store.repository import BesideAll, Repository
from fhir_coder.store.start import open_stores
from tests.store.conftest import KEY, coding_result

TENANT = "north"


@dataclass
class Instant:
    """Codes at once, and takes a moment for it, so that there is time to be killed in."""

    repository: Repository

    def propose(self, request: CodingRequest) -> CodingResult:
        """A made-up coding."""
        time.sleep(random.uniform(0.0, 0.02))
        reference = f"Encounter/{request.encounter_id}"
        result = coding_result(reference)
        entry = result.proposal["entry"][0]
        return replace(result, proposal=result.proposal | {"entry": [entry | {"fullUrl": uuid5(NAMESPACE_URL, reference).urn}]})

    def keep_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll) -> None:
        """Keep codings as the engine does."""
        self.repository.save_all(tenant, ehr, results, beside)


def main(export: Path, out: Path, database_url: str, processes: int) -> int:
    """As the command does it."""
    with held(out):
        stores = open_stores(database_url, KEY)

        def load(export: Export) -> Callable[[], Instant]:
            return lambda: Instant(stores.repository)

        parts = Parts(load, stores.bulk_ends, stores.audit.append, stores.repository.forget_connections, quiet(), progress, stores.run_jobs)
        report = run_bulk(Asked(export, out, TENANT, "", "", processes, Agent(AgentKind.OPERATOR, "test")), parts)
        stores.close()
    return 0 if is_complete(report) else 1


@contextmanager
def quiet() -> Iterator[Callable[[str, int, int], None]]:
    yield lambda file, done, total: None


@contextmanager
def progress(total: int, done: int) -> Iterator[Callable[[], Any]]:
    yield lambda: None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
