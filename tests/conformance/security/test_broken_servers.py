"""The kit catches every server that breaks a rule, and blames ours for none of these."""

from __future__ import annotations

import pytest

from conformance.requirement import Requirement, read_requirements
from conformance.running import run
from conformance.verdict import Verdict
from tests.conformance.security.broken import Broken, all_broken
from tests.conformance.security.guarded_site import Site

BROKEN = all_broken()


def requirements(*ids: str) -> tuple[Requirement, ...]:
    found = tuple(one for one in read_requirements() if one.id in ids)
    assert {one.id for one in found} == set(ids)
    return found


def outcomes(site: Site, *ids: str) -> dict[str, Verdict | None]:
    return {one.requirement.id: one.verdict for one in run(site.target(), requirements(*ids)).judged}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name)
def test_the_kit_catches_it(site: Site, broken: Broken) -> None:
    site.shown = broken.wrap(site.server)
    assert outcomes(site, *broken.rules) == dict.fromkeys(broken.rules, Verdict.FAIL)


def test_these_rules_hold_on_our_server(site: Site) -> None:
    """A rule that always fails would catch everything."""
    ids = sorted({rule for one in BROKEN for rule in one.rules})
    found = outcomes(site, *ids)
    assert {rule: found[rule] for rule in ids if found[rule] not in {Verdict.PASS, Verdict.OMIT}} == {}


def test_each_is_another_server() -> None:
    assert len({one.name for one in BROKEN}) == len(BROKEN) >= 12


NEED_MORE = frozenset({"SEC-039", "BKS-006", "BKS-001", "BKS-002", "BKS-003", "BKS-004"})
"""TLS and an authorization server, which the server of these tests has not."""


@pytest.mark.parametrize("group", ["SEC", "SMA", "BKS", "LAU"])
def test_every_rule_of_a_group_is_broken_by_one(group: str) -> None:
    tried = {one.id for one in read_requirements() if one.id.startswith(group) and one.checks}
    assert tried - NEED_MORE - {rule for one in BROKEN for rule in one.rules} == set()
