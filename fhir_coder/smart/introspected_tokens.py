"""Tokens that say nothing by themselves: the issuer is asked, seldom enough that neither good nor made-up tokens burden it.

An active answer is kept for a minute at most and never beyond ``exp``: that long a revoked token may still be good here. A refused token is
remembered for some seconds. Made-up tokens that differ every time draw on an allowance. Tokens are kept as their SHA-256 alone.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fhir_coder.errors import IssuerUnavailable
from fhir_coder.smart.claims import ClaimRules
from fhir_coder.smart.introspection import RETRY_AFTER_S, unavailable
from fhir_coder.smart.refusal import refuse

ACTIVE_LASTS_S = 60.0
REFUSED_LASTS_S = 10.0
MOST_ACTIVE = 4096
MOST_REFUSED = 1024
ALLOWANCE = 50
"""How many questions about tokens that turn out not to be active may be asked at once, in each worker process."""
ALLOWANCE_PER_S = 5.0
"""How many a second after that."""


class Asks(Protocol):
    """An introspection endpoint."""

    def ask(self, token: str) -> Mapping[str, Any] | None:
        """The claims of an active token, or None. Raises IssuerUnavailable."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the issuer said of a token (None: not active), and until when that counts."""

    claims: Mapping[str, Any] | None
    until: float


class IntrospectedTokens:
    """Verifies the tokens of one tenant by asking. ``clock`` counts seconds. Safe between threads; each process remembers for itself."""

    def __init__(self, rules: ClaimRules, endpoint: Asks, clock: Callable[[], float] = time.monotonic) -> None:
        self.rules = rules
        self._endpoint = endpoint
        self._clock = clock
        self._lock = threading.Lock()
        self._active: OrderedDict[bytes, _Known] = OrderedDict()
        self._refused: OrderedDict[bytes, _Known] = OrderedDict()
        self._allowance = float(ALLOWANCE)
        self._counted = clock()
        self._down_until = clock()

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the issuer says is active, and that is for this tenant. Raises Unauthenticated or IssuerUnavailable."""
        name = hashlib.sha256(token.encode("ascii")).digest()
        known = self._remembered(name) or self._ask(name, token)
        if known.claims is None:
            refuse("the issuer says that the token is not active")
        self.rules.require_told(known.claims)  # each time: what was kept may have expired meanwhile
        return known.claims

    def _remembered(self, name: bytes) -> _Known | None:
        with self._lock:
            known = self._active.get(name) or self._refused.get(name)
            return known if known is not None and self._clock() < known.until else None

    def _ask(self, name: bytes, token: str) -> _Known:
        self._take_from_allowance()
        try:
            claims = self._endpoint.ask(token)
        except IssuerUnavailable:
            with self._lock:
                self._down_until = self._clock() + RETRY_AFTER_S
            raise
        with self._lock:
            self._active.pop(name, None)  # what counted before must not hide what was just said
            if claims is None:
                return _keep(self._refused, name, _Known(None, self._clock() + REFUSED_LASTS_S), MOST_REFUSED)
            self._allowance += 1.0
            return _keep(self._active, name, _Known(claims, self._clock() + ACTIVE_LASTS_S), MOST_ACTIVE)

    def _take_from_allowance(self) -> None:
        """Raises IssuerUnavailable while the issuer is down, so that no thread waits for it again, and when too many tokens were made up."""
        with self._lock:
            now = self._clock()
            if now < self._down_until:
                raise unavailable("the issuer cannot be asked after the token now; nothing was done, try again")
            self._allowance = min(float(ALLOWANCE), self._allowance + (now - self._counted) * ALLOWANCE_PER_S)
            self._counted = now
            if self._allowance < 1.0:
                raise unavailable("too many tokens that are not active were presented; nothing was done, try again", 1)
            self._allowance -= 1.0


def _keep(kept: OrderedDict[bytes, _Known], name: bytes, known: _Known, most: int) -> _Known:
    """Remember one more, and forget the oldest beyond ``most``."""
    kept[name] = known
    kept.move_to_end(name)
    while len(kept) > most:
        kept.popitem(last=False)
    return known
