"""Servers that tell wrongly of an EHR, and that the kit had not seen when it was written: each is caught by the rule that it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.requirement import read_requirements
from conformance.running import run
from conformance.simulator.control import PATH
from conformance.simulator.server import SimulatorServer
from conformance.target import Target
from conformance.verdict import Verdict
from terminology.release import Catalogue
from tests.conformance.broken.proxy import Broken, Proxy
from tests.conformance.broken.unseen import sampled
from tests.conformance.broken.unseen.ehr import EHR
from tests.conformance.ehr.conftest import application, known_ehrs, our_engine
from tests.conformance.serving import serving


@pytest.mark.parametrize("broken", sampled(EHR))
def test_a_broken_server_is_caught(simulator: SimulatorServer, catalogue: Catalogue, tmp_path: Path, broken: Broken) -> None:
    engine = our_engine({one.id: one for one in known_ehrs(simulator.url, tmp_path)}, catalogue, tmp_path)
    with serving(Proxy(application(engine), broken)) as origin:
        target = Target(f"{origin}/fhir", simulator=f"{simulator.url}{PATH}", ehr="sim", timeout_s=30.0)
        judged = run(target, [one for one in read_requirements() if one.id in broken.rules]).judged
    assert {one.requirement.id for one in judged if one.verdict is Verdict.FAIL} == set(broken.rules)
