"""The three operations over the installed releases, and their views: a call in, a resource out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flask import Request, Response, g, request

from fhir_coder.api.hygiene import cacheable
from fhir_coder.api.prefer import read_preferences
from fhir_coder.api.respond import format_of, respond
from fhir_coder.api.terminology.call import Call, read_call
from fhir_coder.api.terminology.capabilities import build_terminology_capabilities
from fhir_coder.api.terminology.definitions import EXPAND, LOOKUP, VALIDATE, Definition
from fhir_coder.api.terminology.expansion import CodeLists, expand
from fhir_coder.api.terminology.installed_releases import InstalledReleases
from fhir_coder.api.terminology.lookup import look_up
from fhir_coder.api.terminology.validation import validate
from fhir_coder.exchange import Resource
from fhir_coder.fhir.limits import Limits
from terminology.release import Catalogue

MOST_BYTES = 64 * 1024
"""Of a body, whatever the site allows otherwise: no call of these needs more, and nobody proves who they are."""
FRESH_S = 300
"""Seconds for which an answer may be kept: another release may come into force at midnight."""

View = Callable[..., Response]


class Terminology:
    """What the installed releases answer; ``now`` is the time in UTC, of which the day chooses the release where a call names none."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime]) -> None:
        self._now = now
        self._installed = InstalledReleases(catalogue, lambda: now().date())
        self._lists = CodeLists()

    def capabilities(self, base_url: str) -> Resource:
        """The TerminologyCapabilities of the server instance at an absolute URL."""
        return build_terminology_capabilities(base_url, self._installed)

    def views(self, limits: Limits) -> Iterator[tuple[str, View]]:
        """The path of each operation below a FHIR base, with its view for GET and POST."""
        own = Limits(min(limits.max_bytes, MOST_BYTES), limits.max_depth)
        yield LOOKUP.path, OperationView(LOOKUP, lambda call: look_up(call, self._installed), own)
        yield VALIDATE.path, OperationView(VALIDATE, lambda call: validate(call, self._installed), own)
        yield EXPAND.path, OperationView(EXPAND, self._expand, own)

    def _expand(self, call: Call) -> Resource:
        return expand(call, self._installed, self._lists, self._now())


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation as a view. It needs no tenant, which the gate has looked at: the code set is the same for all of them."""

    definition: Definition
    answer: Callable[[Call], Resource]
    limits: Limits

    def __call__(self, tenant: str) -> Response:
        """Negotiate, read, answer; every refusal is one of our errors."""
        form, preferences = format_of(request), read_preferences(request.headers.get("Prefer"))
        g.preference_applied = preferences.applied()
        call = read_call(request, self.definition, self.limits, preferences)
        response = respond(self.answer(call), form)
        return cacheable(response, FRESH_S) if _may_be_kept(request, call) and not preferences.handling else response


def _may_be_kept(asked: Request, call: Call) -> bool:
    """Whether the answer holds nothing that somebody typed, and depends on the address alone."""
    return asked.method != "POST" and call.value("filter") is None
