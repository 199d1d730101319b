"""The folder in which the processes of one server or worker count together.

prometheus_client reads its name when it is first imported, and then adds up the numbers of all processes, whichever is asked.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fhir_coder.api.metrics import MULTIPROCESS_VARIABLE

_PREFIX = "fhir-coder-metrics-"


@contextmanager
def counting_together() -> Iterator[None]:
    """A folder for this process and those that it forks, unless the environment names one that is not of a process which this one takes over from."""
    given = Path(os.environ.get(MULTIPROCESS_VARIABLE, ""))
    if given.name and not given.name.startswith(_PREFIX):
        yield
        return
    folder, parent = tempfile.mkdtemp(prefix=_PREFIX), os.getpid()
    os.environ[MULTIPROCESS_VARIABLE] = folder
    try:
        yield
    finally:
        # A fork unwinds the same stack when it ends; only the parent may clear the folder.
        if os.getpid() == parent:
            shutil.rmtree(folder, ignore_errors=True)
