"""Calls as somebody makes them who may not call, and what must not come of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from conformance.exchange import Answer
from conformance.target import NO_TOKEN, Target
from conformance.verdict import Skipped, expect
from conformance.visit import inline

MARK = "zx4Conformance9qv"
"""A word that is nowhere unless somebody repeats what we sent."""
GARBAGE = {"opaque": f"{MARK}-no-token", "like a JWT": f"eyJhbGciOiJSUzI1NiJ9.{MARK}.AAAA"}
"""Tokens that nobody made, by what they look like."""


def as_stranger(target: Target) -> Answer:
    """The visit, sent by nobody in particular."""
    return target.code(inline(), is_known=False)


def with_token(target: Target, token: str) -> Answer:
    """The visit, sent with a token."""
    return target.code(inline(), is_known=False, headers={"Authorization": f"Bearer {token}"})


def with_refused(target: Target, why: str) -> Answer:
    """The visit, sent with a token that must be refused. Skipped where none was given."""
    target.require_guard()
    return target.code(inline(), is_known=False, headers=target.bad_token(why))


def good_token(target: Target) -> str:
    """The token that we come in with. Without one Omitted where the server wants none, else Skipped."""
    scheme, _, token = str(target.authorize().get("Authorization", "")).partition(" ")
    if scheme.lower() != "bearer" or not token:
        target.require_guard()
        raise Skipped(NO_TOKEN)
    return token


def expect_refused(answer: Answer, what: str) -> None:
    """Nothing was coded, and the server did not fall over it; it may send elsewhere."""
    expect(300 <= answer.status < 500, f"{what} to be refused", answer)


def telling_part(token: str) -> str:
    """The part of a token that nobody writes by chance: the signature of a JWT, or the whole."""
    last = token.rpartition(".")[2]
    return last if len(last) > 16 else token


def forged(token: str) -> Mapping[str, str]:
    """A good token as somebody alters it, by what they did. An opaque one can only be made another one."""
    parts = token.split(".")
    if len(parts) != 3:
        return {"an altered token": _turned(token)}
    header, claims, signature = parts
    unsigned = _encoded({"alg": "none", "typ": "JWT"})
    shouted = {f"an unsigned token (alg {alg})": f"{_encoded({'alg': alg, 'typ': 'JWT'})}.{claims}." for alg in ("None", "NONE", "nOnE")}
    return shouted | {
        "an altered signature": f"{header}.{claims}.{_turned(signature)}",
        "claims under another's signature": f"{header}.{_claiming_more(claims)}.{signature}",
        "a token without signature": f"{header}.{claims}.",
        "an unsigned token (alg none)": f"{unsigned}.{claims}.",
        "a token of alg none with a signature": f"{unsigned}.{claims}.{signature}",
    }


def _turned(text: str) -> str:
    """Another letter in the middle, where each bit counts."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _claiming_more(claims: str) -> str:
    try:
        known = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return _turned(claims)
    return _encoded({**known, "scope": "system/*.cruds"}) if isinstance(known, dict) else _turned(claims)


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
