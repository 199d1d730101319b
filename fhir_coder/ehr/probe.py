"""Does an EHR answer? Asked for the health page: one short attempt each, all at once, remembered for a while.

A health probe must answer within a second or two whatever the EHRs do, or the platform would take this server down with them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from fhir_coder.ehr.client import EhrClient
from fhir_coder.errors import FhirCoderError
from fhir_coder.tenant_settings import EhrSettings

TIMEOUT_S = 1.0
REMEMBERED_S = 15.0
_AT_ONCE = 8

Connect = Callable[[EhrSettings], EhrClient]


class EhrProbe:
    """``connect`` makes a client that tries once and gives up after ``TIMEOUT_S``; ``clock`` tells monotonic seconds."""

    def __init__(self, connect: Connect, clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._known: tuple[float, Mapping[str, str]] | None = None
        self._lock = threading.Lock()

    def states(self, ehrs: Mapping[str, EhrSettings]) -> Mapping[str, str]:
        """Name to ``reachable``, with the scopes that were not granted, or the code of the error; at most ``REMEMBERED_S`` old."""
        with self._lock:
            if self._known is None or self._clock() - self._known[0] > REMEMBERED_S:
                self._known = (self._clock(), dict(zip(ehrs, self._ask(ehrs.values()), strict=True)))
            return self._known[1]

    def _ask(self, ehrs: Iterable[EhrSettings]) -> list[str]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._state, ehrs))

    def _state(self, ehr: EhrSettings) -> str:
        try:
            client = self._connect(ehr)
            client.capabilities()
        except FhirCoderError as error:
            return error.code
        return f"reachable, not granted: {' '.join(client.missing_scopes)}" if client.missing_scopes else "reachable"
