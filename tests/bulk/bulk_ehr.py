"""An EHR that exports, on a real socket and behind tokens: files to order, and faults of every kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.ehr.guarded_ehr import Canned, GuardedEhr

JOB = "/jobs/7f3c"


@dataclass
class BulkEhr(GuardedEhr):
    """``files`` by name, each with its type; ``polls`` are answers before the manifest; ``ranges``: whether parts of files are given.

    ``on_file`` may change what is answered for a file, given its name, how often it was asked for, and the answer. ``needs_token`` is what the manifest says;
    ``counts``: whether it counts; ``elsewhere``: an origin that its links lead to. ``deleted``: whether the job was taken back, ``kick_offs`` the queries.
    """

    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    polls: list[Canned] = field(default_factory=list)
    ranges: bool = True
    on_file: Callable[[str, int, Canned], Canned] = lambda name, times, answer: answer
    needs_token: bool = True
    counts: bool = True
    elsewhere: str = ""
    deleted: bool = False
    kick_offs: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)
    asked_ranges: list[str] = field(default_factory=list)
    times: dict[str, int] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    def answer(self, method: str, target: str, authorization: str, headers: Any, body: bytes) -> Canned:
        """Bulk first; the rest as an EHR behind tokens has it."""
        url = urlsplit(target)
        is_bulk = url.path.startswith(("/jobs/", "/files/")) or url.path.endswith("/$export")
        if not is_bulk or self.canned.get(url.path):
            return super().answer(method, target, authorization, headers, body)
        self.seen.append((url.path, authorization))
        is_open = url.path.startswith("/files/") and not self.needs_token
        if not is_open and authorization.removeprefix("Bearer ") not in self.live:
            return Canned(401)
        if url.path.startswith("/files/"):
            return self._file(url.path.removeprefix("/files/"), headers)
        if method == "DELETE":
            self.deleted = True
            return Canned(202)
        return self._job() if url.path == JOB else self._kick_off(url.path, url.query, headers)

    def _kick_off(self, path: str, query: str, headers: Any) -> Canned:
        self.kick_offs.append((path, parse_qs(query), headers.get("Prefer", "")))
        return Canned(202, b"", {"Content-Location": f"{self.origin}{JOB}"})

    def _job(self) -> Canned:
        if self.polls:
            return self.polls.pop(0)
        output = [
            {"type": kind, "url": f"{self.elsewhere or self.origin}/files/{name}"}
            | ({"count": content.count(b"\n")} if self.counts else {})
            for name, (kind, content) in self.files.items()
        ]
        told = {
            "transactionTime": "2026-05-04T00:00:00Z",
            "request": "",
            "requiresAccessToken": self.needs_token,
            "output": output,
            "error": [],
        }
        return Canned(200, json.dumps(told | self.manifest).encode(), {"Content-Type": "application/json"})

    def _file(self, name: str, headers: Any) -> Canned:
        content, asked = self.files[name][1], headers.get("Range", "")
        self.times[name] = self.times.get(name, 0) + 1
        self.asked_ranges.append(asked)
        first = int(match[1]) if (match := re.fullmatch(r"bytes=(\d+)-", asked)) and self.ranges else 0
        if first >= len(content) > 0:
            answer = Canned(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        elif first:
            answer = Canned(206, content[first:], {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"})
        else:
            answer = Canned(200, content)
        return self.on_file(name, self.times[name], answer)


def cut_off(answer: Canned, after: int) -> Canned:
    """The answer as it comes when the line breaks: announced whole, and ending early."""
    return Canned(answer.status, answer.body[:after], answer.headers | {"Content-Length": str(len(answer.body))})
