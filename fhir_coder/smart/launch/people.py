"""From a token answer to a person: the id_token verified, the context read, and what a refresh leaves out kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fhir_coder.errors import LaunchFailed
from fhir_coder.smart.launch.fhir_user import read_fhir_user
from fhir_coder.smart.launch.id_tokens import verify_id_token
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.server import AuthorizationServer
from fhir_coder.smart.launch.token_answers import LaunchContext, TokenAnswer, read_context

_MAX_WORDS = 200


def launched_by(server: AuthorizationServer, answer: TokenAnswer, pending: Pending, asked: float, now: float) -> Launched:
    """Who signed in. ``asked``: when the token was asked for, in seconds since 1970. Raises LaunchFailed."""
    registration, issuer = server.registration, server.endpoints().issuer
    if not answer.id_token:
        raise LaunchFailed("the authorization server gave no id_token, so that nobody is known to have signed in; openid must be granted")
    claims = _verified(server, answer.id_token, answer.access_token, now, pending.nonce, registration.requires_nonce)
    context = read_context(answer.members) if registration.is_smart else LaunchContext()
    return Launched(
        registration.tenant,
        registration.ehr,
        registration.issuer,
        issuer,
        claims["sub"],
        answer.access_token,
        asked + answer.lasts_s,
        registration.scope if answer.scope is None else answer.scope,  # RFC 6749 section 5.1: what was asked
        answer.refresh_token or "",
        answer.id_token,
        claims,
        read_fhir_user(claims, registration.issuer) if registration.is_smart else "",
        _words(claims, "name") or _words(claims, "preferred_username"),
        _words(claims, "email"),
        context.patient,
        context.encounter,
        context.fhir_context,
        context.need_patient_banner,
        context.intent,
    )


def refreshed_by(server: AuthorizationServer, answer: TokenAnswer, before: Launched, asked: float, now: float) -> Launched:
    """The same person, patient and encounter with new tokens. Raises LaunchFailed where the answer says another."""
    if server.registration.is_smart:
        context = read_context(answer.members)
        if {context.patient, ""} - {before.patient, ""} or {context.encounter, ""} - {before.encounter, ""}:
            raise LaunchFailed("the authorization server refreshed the sign-in for another patient or encounter")
    changed: dict[str, Any] = {}
    if answer.id_token:
        claims = _verified(server, answer.id_token, answer.access_token, now, before.claims.get("nonce"), False)
        if claims["sub"] != before.subject or claims["iss"] != before.id_issuer:  # OpenID Connect Core section 12.2
            raise LaunchFailed("the authorization server refreshed the sign-in for another person")
        changed = {"id_token": answer.id_token}
    return replace(
        before,
        access_token=answer.access_token,
        expires_at=asked + answer.lasts_s,
        refresh_token=answer.refresh_token or before.refresh_token,
        scope=before.scope if answer.scope is None else answer.scope,
        **changed,
    )


def _verified(
    server: AuthorizationServer, token: str, access_token: str, now: float, nonce: str | None, is_nonce_required: bool
) -> dict[str, Any]:
    """The claims. A nonce that is there must be ours; one that is missing is refused unless the site accepts that."""
    issuer, client_id = server.endpoints().issuer, server.registration.client_id
    claims = verify_id_token(token, server.keys(), issuer, client_id, now, nonce if is_nonce_required else None, access_token)
    if claims.get("nonce", nonce) != nonce:
        raise LaunchFailed("the id_token that the authorization server gave is not accepted: nonce is missing or wrong")
    return claims


def _words(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is shown: printable, and short enough for a line."""
    value = claims.get(name)
    return "".join(letter for letter in value if letter.isprintable())[:_MAX_WORDS] if isinstance(value, str) else ""
