"""A fault as data: which requests it meets, how often, and what happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from conformance.simulator.effects import EFFECTS, Order
from conformance.simulator.exchange import Reply, Request

Json = dict[str, Any]


class NotAFault(ValueError):
    """What was ordered cannot be read; the reason."""


@dataclass
class Fault:
    """Meets requests of one of the ``interactions`` (all where none is named) about ``type`` (any where empty): after the first ``after`` of
    them ``times`` (0: all). ``order`` is what happens then. ``seen`` counts requests that fit, ``met`` those that it spoiled."""

    order: Order
    interactions: tuple[str, ...] = ()
    type: str = ""
    after: int = 0
    times: int = 0
    seen: int = field(default=0, init=False)
    met: int = field(default=0, init=False)

    def meets(self, request: Request) -> bool:
        """Whether this request is to be spoiled; counts it."""
        is_named = not self.interactions or request.interaction in self.interactions
        if not is_named or (self.type and request.kind != self.type):
            return False
        self.seen += 1
        is_struck = self.seen > self.after and (not self.times or self.seen <= self.after + self.times)
        self.met += is_struck
        return is_struck

    def told(self) -> Json:
        """What happens, and how often it did."""
        return {"does": self.order.does, "seen": self.seen, "met": self.met}


_WHERE = ("interactions", "type", "after", "times")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "does": str,
    "interactions": list,
    "type": str,
    "after": int,
    "times": int,
    "status": int,
    "code": str,
    "headers": dict,
    "acts": bool,
    "seconds": (int, float),
    "elements": list,
}


def read_fault(given: object, slow_s: float, tokens: int) -> Fault:
    """From JSON; ``slow_s`` where no ``seconds`` are named, ``tokens`` is how many have been given until now. Raises NotAFault."""
    if not isinstance(given, dict):
        raise NotAFault("a fault is a JSON object")
    if unknown := sorted(set(given) - set(_TYPES)):
        raise NotAFault(f"a fault has no member {', '.join(unknown)}")
    for name, value in given.items():
        if not isinstance(value, _TYPES[name]):
            raise NotAFault(f"{name} has the wrong JSON type")
    if given.get("does") not in EFFECTS:
        raise NotAFault(f"does is one of {', '.join(sorted(EFFECTS))}")
    what = {one.name for one in fields(Order)} & set(given)
    order = Order(**({"seconds": slow_s} | {name: given[name] for name in what}), tokens=tokens)
    where = {name: given[name] for name in _WHERE if name in given}
    return Fault(order, **(where | {"interactions": tuple(where.get("interactions", ()))}))


def spoiled(request: Request, faults: list[Fault], forward: Any) -> Reply:
    """The reply to a request that these faults meet, each around those after it."""
    if not faults:
        return forward(request)
    first, rest = faults[0], faults[1:]
    return EFFECTS[first.order.does](first.order, request, lambda passed: spoiled(passed, rest, forward))
