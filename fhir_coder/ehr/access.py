"""Where the token of a call comes from: written in the configuration, or asked for (:mod:`fhir_coder.ehr.backend_token`)."""

from __future__ import annotations

from typing import Protocol


class AccessTokens(Protocol):
    """The tokens for one EHR. Safe to share between threads."""

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """Scopes that were asked for and not granted, as far as is known."""

    def current(self, timeout_s: float) -> str:
        """The token to send now, or empty for none. Raises an EhrError when one is needed and cannot be had within the time."""

    def forget(self, token: str) -> bool:
        """The EHR did not take this token: whether another may be had."""


class StaticToken:
    """The token of the configuration or of a launch that has no session yet, or none."""

    missing_scopes: tuple[str, ...] = ()

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self, timeout_s: float) -> str:
        """Always the same."""
        return self._token

    def forget(self, token: str) -> bool:
        """There is no other."""
        return False
