"""What an EHR is asked for a Bulk Data export: the kick-off, how far it is, its files, and to forget it.

Source: https://hl7.org/fhir/uv/bulkdata/export.html. Where jobs are asked after and files lie is the EHR's to choose: any path of its own host, with our token
where files need one, or a place that the site allowed (``foreign_urls``), which never gets the token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests

from fhir_coder.ehr.access import AccessTokens, StaticToken
from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.connection import Connection, OnFailure, unheard
from fhir_coder.ehr.faults import failure
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import EhrRefused
from fhir_coder.fhir.reader import read_json
from fhir_coder.outbound.attempt import Answer, Call
from fhir_coder.outbound.download import download
from fhir_coder.tenant_settings import EhrSettings

_FHIR_JSON = "application/fhir+json"
GONE = frozenset({404, 410})
"""The EHR does not know the job, or not any more."""
INSTANT = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
"""What ``_since`` may be (http://hl7.org/fhir/R4/datatypes.html#instant), to be matched whole."""


@dataclass(frozen=True, slots=True)
class ExportAsked:
    """``group`` empty: everybody the EHR lets us have. ``since``: a FHIR instant, or empty for whatever is there."""

    group: str = ""
    since: str = ""
    types: tuple[str, ...] = ()


class BulkServer:
    """One EHR. ``session`` leads where the site allows, ``sleep`` waits between attempts, ``on_failure`` hears of each that fails."""

    def __init__(
        self,
        settings: EhrSettings,
        session: requests.Session,
        tokens: AccessTokens,
        sleep: Callable[[float], None],
        retry: RetryPolicy | None = None,
        on_failure: OnFailure = unheard,
    ) -> None:
        parts = urlsplit(settings.base_url)
        self._base = EhrAddress.of(settings.base_url)
        self._host = EhrAddress.of(f"{parts.scheme}://{parts.netloc}", settings.foreign_urls)
        connect = partial(
            Connection, self._host, timeout_s=settings.timeout_s, session=session, sleep=sleep, retry=retry, on_failure=on_failure
        )
        self._with_token = connect(tokens=tokens)
        self._without = connect(tokens=StaticToken(""))

    def kick_off(self, asked: ExportAsked) -> str:
        """Ask for an export; returns where it is asked after. Raises an EhrError. It is not asked twice where it may have been taken on."""
        params = {
            "_outputFormat": "application/fhir+ndjson",
            **({"_since": asked.since} if asked.since else {}),
            **({"_type": ",".join(asked.types)} if asked.types else {}),
        }
        url = self._base.url(f"Group/{asked.group}/$export" if asked.group else "$export", params)
        headers = {"Accept": _FHIR_JSON, "Prefer": "respond-async"}
        answer = self._with_token.send(Call("GET", url, headers, is_repeatable=False))
        if answer.status != 202:
            raise failure(answer, "start a bulk export", read_json)
        location = answer.headers.get("Content-Location", "")
        if not location:
            raise EhrRefused("the EHR took the export on and does not say where to ask after it (Content-Location)", ehr_status=202)
        return self._host.resolve(location)

    def ask_after(self, url: str) -> Answer:
        """The answer, whatever it is. Raises an EhrError when there is none."""
        return self._with_token.send(Call("GET", url, {"Accept": "application/json"}))

    def forget(self, url: str) -> None:
        """Tell the EHR that its files are no longer needed. Raises an EhrError when it does not answer; what it answers does not matter."""
        self._with_token.send(Call("DELETE", url, {"Accept": _FHIR_JSON}))

    def resolve(self, url: str, needs_token: bool) -> str:
        """Where a file lies. Raises EhrRefused for another host that the site has not allowed, and for one that would need our token."""
        if not self._host.allows(url):
            raise EhrRefused("a file of the export lies on another host, which foreign_urls of the EHR does not allow")
        if needs_token and not self._host.admits(url):
            raise EhrRefused("a file of the export lies on another host and needs a token: ours is for the EHR alone")
        return url

    def fetch(self, url: str, needs_token: bool, target: Path) -> Answer:
        """Fetch a file, or what is missing of it. Raises an EhrError when it broke off more often than is tried; ``target`` then holds its beginning."""
        connection = self._with_token if needs_token else self._without
        return connection.send(Call("GET", url, {"Accept": "application/fhir+ndjson"}), partial(download, target=target))


def refused(answer: Answer, what: str) -> Exception:
    """The error for an answer that is no success."""
    return failure(answer, what, read_json)


def retry_after(headers: Mapping[str, str]) -> str:
    """When to ask again, as it was written, or empty."""
    return headers.get("Retry-After", "")
