"""The health page's question to the EHRs: quick, remembered, and harmless."""

from __future__ import annotations

import threading

from fhir_coder.ehr.probe import REMEMBERED_S, EhrProbe
from fhir_coder.errors import EhrTimeout
from fhir_coder.tenant_settings import EhrSettings

EHRS = {"north/main": EhrSettings("main", "http://north.invalid/fhir"), "south/main": EhrSettings("main", "http://south.invalid/fhir")}


class Answering:
    """Stands for a client: the north answers, the south does not."""

    asked: int = 0
    missing_scopes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, ehr: EhrSettings) -> Answering:
        with self.lock:
            self.asked += 1
        return self if "north" in ehr.base_url else Silent()  # type: ignore[return-value]

    def capabilities(self) -> None:
        return None


class Silent:
    def capabilities(self) -> None:
        raise EhrTimeout("no answer")


def test_each_ehr_has_its_state_and_one_failure_is_no_failure_of_the_other() -> None:
    assert EhrProbe(Answering()).states(EHRS) == {"north/main": "reachable", "south/main": EhrTimeout.code}  # type: ignore[arg-type]


def test_states_are_remembered_for_a_while() -> None:
    now, client = [0.0], Answering()
    probe = EhrProbe(client, clock=lambda: now[0])  # type: ignore[arg-type]
    probe.states(EHRS)
    probe.states(EHRS)
    assert client.asked == 2
    now[0] = REMEMBERED_S + 1
    probe.states(EHRS)
    assert client.asked == 4
