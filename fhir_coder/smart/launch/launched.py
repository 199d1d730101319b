"""A sign-in on its way, and what came of it. Both go into a session as JSON objects and come back from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Pending:
    """A person was sent to the authorization server. It is kept in that person's session and used once.

    ``verifier`` proves that the code is ours (RFC 7636), ``nonce`` that the id_token is. ``created_at``: seconds since 1970. ``return_to``: a
    path of this server to show afterwards, or empty.
    """

    tenant: str
    ehr: str
    issuer: str
    redirect_uri: str
    created_at: float
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    return_to: str = ""

    def members(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Pending:
        """From what :meth:`members` gave. Raises TypeError for another object."""
        return cls(**members)


@dataclass(frozen=True, slots=True)
class Launched:
    """Who signed in, the tokens that speak for them, and what the EHR says they look at. Everything here is verified.

    ``ehr`` is empty for a sign-in at the practice's own provider, whose tokens open no EHR. ``claims``: the whole id_token. ``subject``: its
    ``sub``, unique at ``id_issuer`` alone. ``fhir_user``: ``Practitioner/7``, or empty. ``expires_at``: when the access token expires, in
    seconds since 1970. ``patient`` and ``encounter`` are ids or empty. ``scope``: what was granted, which may be less than asked.
    """

    tenant: str
    ehr: str
    issuer: str
    id_issuer: str
    subject: str
    access_token: str = field(repr=False)
    expires_at: float
    scope: str
    refresh_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
    fhir_user: str = ""
    name: str = ""
    email: str = ""
    patient: str = ""
    encounter: str = ""
    fhir_context: tuple[Mapping[str, Any], ...] = ()
    need_patient_banner: bool = True
    intent: str = ""

    @property
    def is_smart(self) -> bool:
        """Whether the access token opens an EHR."""
        return bool(self.ehr)

    def members(self) -> dict[str, Any]:
        """As a JSON object, tokens included: it belongs where it is sealed."""
        return asdict(self)

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Launched:
        """From what :meth:`members` gave. Raises TypeError for another object."""
        return cls(**{**members, "fhir_context": tuple(members.get("fhir_context", ()))})
