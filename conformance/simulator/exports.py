"""Bulk Data ``$export`` of a simulated EHR: of everything that it holds, whatever Group is named; ready when it is asked after for the second time.

Source: https://hl7.org/fhir/uv/bulkdata/export.html.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from conformance.simulator.exchange import EXPORTS, Reply, Request, Resource

RETRY_AFTER_S = "1"


class Exports:
    """``all_of`` gives what the EHR holds of a type, ``types`` are those that can be exported."""

    def __init__(self, types: Iterable[str], all_of: Callable[[str], Iterable[Resource]]) -> None:
        self._types = tuple(types)
        self._all_of = all_of
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """No export is known any more."""
        self._jobs: dict[str, dict[str, Any]] = {}
        self._number = 0

    def answer(self, request: Request) -> Reply:
        """A kick-off, a question after a job, its end, or a file of it."""
        with self._lock:
            if request.interaction == "export":
                return self._kick_off(request)
            name, _, kind = request.path.removeprefix(f"{EXPORTS}/").partition("/")
            job = self._jobs.get(name)
            if job is None:
                return Reply.refusal(404, "not-found", "no such export")
            if request.method == "DELETE":
                del self._jobs[name]
                return Reply(202)
            return _file(job, kind) if kind else self._told(job, f"{request.base}/{request.path}")

    def _kick_off(self, request: Request) -> Reply:
        if "respond-async" not in request.headers.get("prefer", ""):
            return Reply.refusal(400, "required", "Prefer: respond-async")
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        kinds = query["_type"].split(",") if "_type" in query else self._types
        since = _moment(query["_since"]) if "_since" in query else datetime.min.replace(tzinfo=UTC)
        self._number += 1
        files = {kind: [one for one in self._all_of(kind) if _moment(one["meta"]["lastUpdated"]) > since] for kind in kinds}
        self._jobs[str(self._number)] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "request": f"{request.base}/{request.path}?{request.query}",
            "files": {kind: resources for kind, resources in files.items() if resources},
            "asked": 0,
        }
        return Reply(202, {"Content-Location": f"{request.base}/{EXPORTS}/{self._number}"})

    def _told(self, job: dict[str, Any], url: str) -> Reply:
        job["asked"] += 1
        if job["asked"] == 1:
            return Reply(202, {"X-Progress": "half of it", "Retry-After": RETRY_AFTER_S})
        output = [{"type": kind, "url": f"{url}/{kind}", "count": len(found)} for kind, found in job["files"].items()]
        told = {"transactionTime": job["time"], "request": job["request"], "requiresAccessToken": True, "output": output, "error": []}
        return Reply.of(200, told, "application/json")


def _file(job: dict[str, Any], kind: str) -> Reply:
    if kind not in job["files"]:
        return Reply.refusal(404, "not-found", "no such file")
    lines = "".join(json.dumps(one) + "\n" for one in job["files"][kind])
    return Reply(200, {"Content-Type": "application/fhir+ndjson"}, lines.encode())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
