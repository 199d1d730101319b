"""``/_control``: what testers order of the simulator and what they learn from it, in JSON.

- ``GET /_control``: the EHRs with their addresses, requests that went ``outside`` of them, and the effects that a fault can have.
- ``DELETE /_control``, ``DELETE /_control/EHR``: back to the beginning.
- ``GET /_control/EHR``: what that EHR was asked (``seen``), what the server that is tried made there (``held``), and how often each fault struck.
- ``PUT /_control/EHR/faults``: the faults from now on, as a list (:mod:`conformance.simulator.faults`).
- ``PUT /_control/EHR/manner``: how it gives Binaries and pages from now on (:mod:`conformance.simulator.manner`).
- ``POST /_control/EHR/visits``: a new visit, like ``{"like": ENCOUNTER_ID}`` or like the first; answers with its resources.
- ``PUT /_control/EHR/resources``: a resource written as somebody at the EHR would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from conformance.simulator.effects import EFFECTS
from conformance.simulator.ehr import SimulatedEhr
from conformance.simulator.exchange import Reply
from conformance.simulator.faults import NotAFault
from conformance.simulator.manner import NotAManner
from conformance.simulator.visits import NoSuchVisit

PATH = "/_control"
JSON = "application/json"
Act = Callable[[SimulatedEhr, Any], Any]


class Control:
    """Over the EHRs by the id of their profile; ``outside`` are requests that went to none of them."""

    def __init__(self, ehrs: Mapping[str, SimulatedEhr], outside: list[str]) -> None:
        self._ehrs = ehrs
        self._outside = outside

    def answer(self, method: str, path: str, body: bytes, origin: str) -> Reply:
        """One request; ``path`` is what follows ``/_control``, without a slash at either end."""
        name, _, what = path.partition("/")
        try:
            if not name:
                return self._of_all(method, origin)
            if name not in self._ehrs:
                return _error(404, f"no EHR is called {name}")
            return _of_one(self._ehrs[name], method, what, body, origin)
        except (NotAFault, NotAManner, NoSuchVisit) as reason:
            return _error(400, str(reason))
        except (ValueError, KeyError, TypeError) as reason:
            return _error(400, f"the body cannot be used ({type(reason).__name__})")

    def _of_all(self, method: str, origin: str) -> Reply:
        if method == "DELETE":
            for one in self._ehrs.values():
                one.reset()
            self._outside.clear()
            return Reply(204)
        if method != "GET":
            return _error(405, "GET or DELETE")
        ehrs = {name: {"base": f"{origin}{one.path}", "title": one.profile.title} for name, one in self._ehrs.items()}
        return _json(
            {"ehrs": ehrs, "outside": self._outside, "effects": {name: (one.__doc__ or "").strip() for name, one in EFFECTS.items()}}
        )


def _of_one(ehr: SimulatedEhr, method: str, what: str, body: bytes, origin: str) -> Reply:
    if (method, what) == ("GET", ""):
        return _json(ehr.told(origin))
    if (method, what) == ("DELETE", ""):
        ehr.reset()
        return Reply(204)
    if (method, what) not in ACTS:
        return _error(404, f"no {method} here")
    return _json(ACTS[method, what](ehr, json.loads(body or b"{}")))


def _order(ehr: SimulatedEhr, given: Any) -> Any:
    if not isinstance(given, list):
        raise NotAFault("send a list of faults")
    ehr.order(given)
    return [one.told() for one in ehr.faults]


def _behave(ehr: SimulatedEhr, given: Any) -> Any:
    ehr.behave(given)
    return ehr.manner.told()


ACTS: Mapping[tuple[str, str], Act] = {
    ("PUT", "faults"): _order,
    ("PUT", "manner"): _behave,
    ("POST", "visits"): lambda ehr, given: ehr.add_visit(given.get("like", "")),
    ("PUT", "resources"): lambda ehr, given: ehr.put([given])[0],
}


def _json(content: object, status: int = 200) -> Reply:
    return Reply(status, {"Content-Type": JSON}, json.dumps(content, default=float).encode())


def _error(status: int, text: str) -> Reply:
    return _json({"error": text}, status)
