"""How often a client may call, and how often an address may fail to prove who it is.

A sliding window of two counters: no burst of twice the rate at the turn of a minute, and no list of every call. Counting never stops the work:
when the counters cannot be reached the call goes on, as the limit protects the service and is no part of who may see what.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil
from pathlib import Path
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError as UnusableStorage
from limits.errors import StorageError
from limits.storage import SlidingWindowCounterSupport, Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from fhir_coder.errors import ConfigurationError, Throttled
from fhir_coder.throttle.counter_file import CounterFile

Items = tuple[RateLimitItem, ...]
Counters = Storage
"""Where calls are counted."""
REDIS_SCHEMES = ("redis://", "rediss://")
COUNTERS = "rates.sqlite"
"""Name of the file in the data folder."""
_TIMEOUT_S = 1.0
_TOLD_EVERY_S = 60.0

_log = logging.getLogger(__name__)


def subscriber_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, or the /64 of an IPv6 one, as each subscriber has at least that many to call from (RFC 6177).
    Anything else stands for itself."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))


def read_rates(raw: str) -> Items:
    """Rates as ``600/minute`` or ``20/second; 600/minute``; none for an empty text. Raises ValueError."""
    try:
        rates = tuple(parse_many(raw)) if raw.strip() else ()
    except ValueError:
        rates = ()
    if raw.strip() and (not rates or any(one.amount < 1 or one.multiples < 1 for one in rates)):
        raise ValueError("expected rates such as 600/minute, or several with a semicolon between, or nothing for no limit")
    return rates


def open_counters(store: str, data: Path) -> Storage:
    """The counters: of a Redis by its URL, else a file in the data folder. Raises ConfigurationError, which does not repeat the URL."""
    if store:
        options: Any = {"socket_timeout": _TIMEOUT_S, "socket_connect_timeout": _TIMEOUT_S}
        try:
            return storage_from_string(store, wrap_exceptions=True, **options)  # type: ignore[return-value]
        except UnusableStorage:
            raise ConfigurationError("FHIR_CODER_RATE_STORE: install the extra `redis` for it (pip install 'fhir-coder[redis]')") from None
        except ValueError:
            raise ConfigurationError("FHIR_CODER_RATE_STORE is no URL of a Redis") from None
    try:
        return CounterFile(data / COUNTERS)
    except Exception as error:
        raise ConfigurationError(f"FHIR_CODER_DATA: {COUNTERS} in it cannot be used ({type(error).__name__})") from error


@dataclass(frozen=True, slots=True)
class Rates:
    """``calls`` of one client of a tenant, and ``failures`` to prove who one is from one address."""

    calls: Items = ()
    failures: Items = ()


class Throttle:
    """Counts and refuses. ``on_lost`` is told each time the counters could not be reached, ``clock`` (monotonic seconds) spaces the log."""

    def __init__(
        self,
        counters: Storage,
        rates: Rates,
        on_lost: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(counters, SlidingWindowCounterSupport):
            raise ConfigurationError("FHIR_CODER_RATE_STORE: that store cannot count sliding windows")
        self._windows: SlidingWindowCounterSupport = counters
        self._limiter = SlidingWindowCounterRateLimiter(counters)
        self._rates = rates
        self._on_lost = on_lost
        self._clock = clock
        self._told = -_TOLD_EVERY_S

    def call(self, tenant: str, client: str) -> None:
        """A client of a tenant calls. Raises Throttled."""
        self._spend(self._rates.calls, "the client calls too often", "call", tenant, client)

    def failure(self, address: str) -> None:
        """Somebody at an address did not prove who they are. Raises Throttled, in place of what is wrong."""
        self._spend(self._rates.failures, "too many calls from there could not prove who they are", "failure", subscriber_of(address))

    def _spend(self, rates: Items, why: str, *who: str) -> None:
        name = hashlib.sha256("\0".join(who).encode("utf-8", "replace")).hexdigest()
        try:
            waits = [self._wait(one, name) for one in rates if not self._limiter.hit(one, name)]
        except StorageError as error:
            self._lost(error)
            return
        if waits:
            seconds = max(1, ceil(max(waits)))
            raise Throttled(f"{why}: try again in {seconds} s", headers={"Retry-After": str(seconds)})

    def _wait(self, rate: RateLimitItem, name: str) -> float:
        """Seconds until another call fits: what is left of the window before fades, or this window must end and fade in turn."""
        expiry = rate.get_expiry()
        before, until_gone, now, _ = self._windows.get_sliding_window(rate.key_for(name), expiry)
        room = rate.amount - now  # one call and whatever is left of the window before must fit in
        if room > 0:
            return until_gone - room * expiry / before if before else 0.0
        return until_gone + expiry - rate.amount * expiry / now

    def _lost(self, error: StorageError) -> None:
        self._on_lost()
        if self._clock() - self._told >= _TOLD_EVERY_S:
            self._told = self._clock()
            cause = error.__cause__ or error
            _log.warning("calls are not limited: the counters cannot be reached (%s)", type(cause).__name__)
