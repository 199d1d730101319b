"""How a bearer token is refused: 401 with the challenge of RFC 6750 section 3, naming the fault and repeating nothing of the token."""

from __future__ import annotations

from typing import NoReturn

from fhir_coder.errors import Unauthenticated

REALM = 'Bearer realm="fhir-coder"'


def refuse(why: str) -> NoReturn:
    """Raise Unauthenticated for a token that proves nothing."""
    raise Unauthenticated(why, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})


def ask_for_token(why: str) -> NoReturn:
    """Raise Unauthenticated where nothing was wrong with a token: the challenge then names no error (RFC 6750 section 3.1)."""
    raise Unauthenticated(why, headers={"WWW-Authenticate": REALM})
