"""A worker as ``fhir-coder worker`` makes it, but for the engine: this one starts in a moment, says what it does, and waits where it is told to.

Started as ``python -m tests.jobs.small_worker BROKER FOLDER QUEUE PROCESSES LONGEST``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from fhir_coder.broker.messages import Publisher, make_celery, too_long
from fhir_coder.broker.worker import Parts, serve
from fhir_coder.jobs.job import JobLimits
from fhir_coder.jobs.sweeping import Sweeper
from tests.jobs.stage import Stage

LIMITS = JobLimits(lease_s=4, at_once=8)
HOLD = "hold"
"""While a file of this name is in the folder, encounters whose id begins with ``slow`` take for ever."""


def celery_of(broker: str, queue: str, longest_s: int = 120) -> Any:
    """The application, with a queue of its own."""
    app = make_celery(broker, longest_s)
    app.conf.task_default_queue = queue
    return app


def say(folder: Path, *words: object) -> None:
    with (folder / "said.txt").open("a", encoding="utf-8") as file:
        file.write(" ".join(map(str, words)) + "\n")


def main() -> None:
    """Work until stopped."""
    broker, folder, queue, processes, longest_s = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    stage = Stage(folder, LIMITS)

    def code_slowly() -> None:
        encounter = stage.engine.requests[-1].encounter_id
        say(folder, "begun", encounter, os.getpid())
        while encounter.startswith("slow") and (folder / HOLD).exists():
            time.sleep(0.02)

    stage.engine.during = code_slowly
    app = celery_of(broker, queue, longest_s)
    sweeper = Sweeper(stage.stores.job_sweeping, Publisher(app))
    work = stage.make_work(renew_s=0.5, too_long=too_long())
    serve(app, Parts(work.do, sweeper.hand_out, sweeper.sweep, stage.stores.repository.forget_connections), processes, "WARNING", 0.5)


if __name__ == "__main__":
    main()
