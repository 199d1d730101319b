"""An EHR that fails while it is written to, tried on our server: nothing is lost and nothing is doubled."""

from __future__ import annotations

import pytest

from conformance.check import all_checks
from conformance.running import tried
from conformance.target import Target
from conformance.verdict import Verdict

CHECKS = {name: check for name, check in all_checks().items() if name.startswith("writing_")}


@pytest.mark.parametrize("name", CHECKS)
def test_our_server_does_as_documented(target: Target, name: str) -> None:
    finding = tried(target, {name: CHECKS[name]})[name]
    assert finding.verdict is Verdict.PASS, f"expected {finding.expected}; received {finding.received} ({finding.exchange})"
