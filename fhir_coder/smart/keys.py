"""The public keys of one issuer: read when first needed, looked up by ``kid``, asked for again at most once in a minute.

Sources: RFC 7517 (JWK sets), RFC 7518 sections 3.3 and 3.4 (key sizes and curves), SMART App Launch 2.2 "asymmetric authentication".
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from fhir_coder.smart.key_fetching import KeysUnavailable

REFRESH_INTERVAL_S = 60.0
"""Shortest time between two requests for a key set, whatever tokens ask for: unknown key ids cost a caller nothing."""
KEYS_LAST_S = 900.0
"""After which a key set is asked for again, so that a withdrawn key is forgotten. The old ones hold while the issuer does not answer."""
SMALLEST_RSA_BITS = 2048
_TYPES = {"RS256": ("RSA", ""), "RS384": ("RSA", ""), "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384")}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key; ``kid`` and ``algorithm`` are empty where the set does not name them, ``curve`` for RSA."""

    kid: str
    type: str
    curve: str
    algorithm: str
    key: RSAKey | ECKey

    def suits(self, algorithm: str) -> bool:
        """Whether a signature of that algorithm can be this key's."""
        return _TYPES.get(algorithm) == (self.type, self.curve) and self.algorithm in {"", algorithm}


class IssuerKeys:
    """Keys of one issuer. ``fetch`` gives the bytes of the set or raises KeysUnavailable, ``clock`` counts seconds. Safe between threads."""

    def __init__(self, fetch: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: tuple[PublicKey, ...] = ()
        self._asked: float | None = None

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """The key that a token's header names; without a ``kid`` the only one that suits. None: there is none, or more than one."""
        if self._asked is None or self._clock() - self._asked > KEYS_LAST_S:
            self._refresh()
        found = self._choose(kid, algorithm)
        if found is None and self._refresh():
            found = self._choose(kid, algorithm)
        return found

    def _choose(self, kid: str | None, algorithm: str) -> PublicKey | None:
        suiting = [one for one in self._keys if one.suits(algorithm) and kid in {None, one.kid}]
        return suiting[0] if len(suiting) == 1 else None

    def _refresh(self) -> bool:
        """Ask for the set, unless that was done lately; whether the keys may be others now.

        Who knows keys does not wait while another thread asks: a slow issuer must not hold every thread for tokens that anybody can make up.
        """
        if not self._lock.acquire(blocking=not self._keys):
            return False
        try:
            if self._asked is not None and self._clock() - self._asked < REFRESH_INTERVAL_S:
                return False
            self._asked = self._clock()
            try:
                self._keys = read_key_set(self._fetch())
            except KeysUnavailable as error:
                _log.warning("signing keys could not be read: %s", error)
                return False
            return True
        finally:
            self._lock.release()


def read_key_set(content: bytes) -> tuple[PublicKey, ...]:
    """The keys of a JWK set that can prove a signature; others are passed over. Raises KeysUnavailable when there is no set."""
    try:
        rows = json.loads(content)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeysUnavailable("no JWK set") from error
    if not isinstance(rows, list):
        raise KeysUnavailable("no JWK set")
    return tuple(_usable(rows))


def _usable(rows: list[Any]) -> Iterator[PublicKey]:
    for row in rows:
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or "d" in row:  # a private key that is published proves nothing
            continue
        operations = row.get("key_ops", ["verify"])
        if not isinstance(operations, list) or "verify" not in operations:
            continue
        key = _imported(row)
        if key is not None:
            yield PublicKey(_text(row, "kid"), row["kty"], _text(row, "crv") if row["kty"] == "EC" else "", _text(row, "alg"), key)


def _imported(row: dict[str, Any]) -> RSAKey | ECKey | None:
    """The key of a row, or None for another kind, a short one or one that is broken."""
    members: dict[str, Any] = {name: row[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in row}
    try:
        if row.get("kty") == "RSA" and len(members["n"]) * 6 >= SMALLEST_RSA_BITS:  # base64url: joserfc only warns of short keys
            key = RSAKey.import_key(members)
            return key if key.raw_value.key_size >= SMALLEST_RSA_BITS else None
        return ECKey.import_key(members) if row.get("kty") == "EC" else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else ""
