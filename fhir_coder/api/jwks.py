"""Our public keys, for the authorization servers that we ask for tokens (RFC 7517; SMART App Launch 2.2, client-confidential-asymmetric.html)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify

FRESH_S = 3600
"""Seconds for which a server may keep our keys: a next key is published longer than that before it is used."""


def jwks(keys: Mapping[str, Any]) -> Response:
    """The JWK Set, for anyone."""
    response = jsonify(keys)
    response.headers["Cache-Control"] = f"public, max-age={FRESH_S}"
    return response
