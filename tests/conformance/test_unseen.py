"""Broken servers that the kit had not seen when it was written: each is caught by the rule that it breaks."""

from __future__ import annotations

import pytest

from conformance.requirement import read_requirements
from conformance.running import run
from conformance.target import Target
from conformance.verdict import Verdict
from tests.conformance.broken.proxy import Broken, Proxy
from tests.conformance.broken.unseen import SAMPLE, sampled
from tests.conformance.broken.unseen.answers import ANSWERS
from tests.conformance.broken.unseen.ehr import EHR
from tests.conformance.broken.unseen.guarded import GUARDED
from tests.conformance.broken.unseen.visits import VISITS
from tests.conformance.broken.unseen.wire import WIRE
from tests.conformance.conftest import Stage
from tests.conformance.guarded_site import Site


@pytest.mark.parametrize("broken", sampled((*WIRE, *ANSWERS, *VISITS)))
def test_a_broken_server_is_caught(stage: Stage, broken: Broken) -> None:
    _expect_caught(stage.proxy, stage.target, broken)


@pytest.mark.parametrize("broken", sampled(GUARDED))
def test_a_broken_guarded_server_is_caught(site: Site, broken: Broken) -> None:
    _expect_caught(site.proxy, site.target(), broken)


def test_each_is_another_server_and_the_sample_is_of_them() -> None:
    names = [one.name for one in (*WIRE, *ANSWERS, *VISITS, *GUARDED, *EHR)]
    assert len(set(names)) == len(names) and set(names) >= SAMPLE


def _expect_caught(proxy: Proxy, target: Target, broken: Broken) -> None:
    proxy.broken, whole = broken, proxy.broken
    try:
        judged = run(target, [one for one in read_requirements() if one.id in broken.rules]).judged
    finally:
        proxy.broken = whole
    assert {one.requirement.id for one in judged if one.verdict is Verdict.FAIL} == set(broken.rules)
