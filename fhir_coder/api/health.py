"""Health in three cheap routes: alive, ready, and which version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Response, jsonify, request

from fhir_coder import __version__
from fhir_coder.api.nearness import is_near
from fhir_coder.fhir.elements import r4_elements


@dataclass(frozen=True, slots=True)
class Readiness:
    """``checks`` maps a part (release, index, store) to whether it works and a detail; all must work.

    ``covered`` lists release id, first and last service date, ``caveats`` what of a release (by id) is not up to date. ``ehrs`` tells each EHR's state; it never decides, so that one EHR's outage
    takes nobody else down.
    """

    checks: Mapping[str, tuple[bool, str]]
    covered: tuple[tuple[str, date, date], ...] = ()
    ehrs: Mapping[str, str] = field(default_factory=dict)
    caveats: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether every part works."""
        return all(works for works, _ in self.checks.values())


def live() -> Response:
    """The process answers."""
    return jsonify(status="live")


def version(is_sandbox: bool) -> Response:
    """Name and version of the software, and whether it runs as a sandbox, where callers prove nothing."""
    mode = {"mode": "sandbox"} if is_sandbox else {}
    return jsonify(name="fhir-coder", version=__version__, fhirVersion=r4_elements().version, **mode)


def ready(probe: Callable[[], Readiness]) -> Response:
    """200 when this process can code, else 503. To callers on this machine the body says what is missing, which service dates are covered and
    how each EHR does; to others only which part works: they need not know our tenants."""
    readiness = _probe(probe)
    response = jsonify((readiness_object if is_near(request) else brief_object)(readiness))
    response.status_code = 200 if readiness.is_ready else 503
    return response


def brief_object(readiness: Readiness) -> dict[str, Any]:
    """The body of ``/health/ready`` for callers elsewhere: a load balancer, or anyone."""
    return {
        "status": "ready" if readiness.is_ready else "not-ready",
        "checks": {name: {"ok": works} for name, (works, _) in readiness.checks.items()},
    }


def readiness_object(readiness: Readiness) -> dict[str, Any]:
    """The body of ``/health/ready`` for callers on this machine."""
    return {
        "status": "ready" if readiness.is_ready else "not-ready",
        "checks": {name: {"ok": works, "detail": detail} for name, (works, detail) in readiness.checks.items()},
        "releases": [
            {"id": name, "from": first.isoformat(), "to": last.isoformat()} | _caveat(readiness.caveats.get(name, ""))
            for name, first, last in readiness.covered
        ],
        "ehrs": dict(readiness.ehrs),
    }


def _caveat(caveat: str) -> dict[str, str]:
    """Told only where there is one."""
    return {"caveat": caveat} if caveat else {}


def _probe(probe: Callable[[], Readiness]) -> Readiness:
    """A probe that fails is itself the answer: not ready."""
    try:
        return probe()
    except Exception as error:
        return Readiness({"engine": (False, type(error).__name__)})
