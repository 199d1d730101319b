"""Broken servers that were listed to judge the kit: from the requirements alone, before anybody looked at its checks (see its README).

``wire``, ``answers`` and ``visits`` stand before the server that asks nobody who they are, ``guarded`` before the guarded one, ``ehr`` before the one
with the simulator. Those of the sample are tried in every run, the others in ``make soak``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from tests.conformance.broken.proxy import Broken

SAMPLE = frozenset(
    {
        "defines an in parameter that it refuses",
        "finds no encounters instead of refusing the search",
        "replaces bytes that are no UTF-8",
        "leaves modifier extensions out",
        "looks up the display of another code",
        "counts the page instead of all",
        "does not say that its answers vary by Accept",
        "codes what is denied",
        "takes alg None in other letters",
        "has a receipt in another order",
    }
)


def sampled(servers: Iterable[Broken]) -> list[Any]:
    """Parameters of a test: those outside the sample are for the long run."""
    return [pytest.param(one, id=one.name, marks=() if one.name in SAMPLE else pytest.mark.soak) for one in servers]
