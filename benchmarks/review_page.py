"""``python -m benchmarks.review_page``: time of the page of a coding and of a decision on it, by the whole server without a socket.

The encounter is that of ``benchmarks.recheck``: twelve codes and four notes of 40 KB together. Each decision moves a code.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.recheck import KEY, stored
from benchmarks.timing import cpu_seconds_of, line_of, seconds_of
from fhir_coder.app import build_coder, create_app
from fhir_coder.installed import ensure_index
from fhir_coder.long_lived import keep_for_good
from fhir_coder.settings import Settings

ROUNDS = 30
_BASE = "http://127.0.0.1:8080"


class Desk:
    """A browser before the page of one coding."""

    def __init__(self, client: FlaskClient, coding_id: str) -> None:
        self._client = client
        self._path = f"/review/encounters/{coding_id}"
        page = self.look()
        self._csrf, self._marks = _found(r'name="csrf" value="([^"]+)"', page), _found(r'data-marks="(\w+)"', page)
        self._left_out = _found(r'id="left-out" data-name="(\w+)"', page)
        self._codes = re.findall(r'<li data-code="([^"]+)"', page)
        self._version = 0

    def look(self) -> str:
        """The page."""
        page = self._client.get(self._path, base_url=_BASE)
        if page.status_code != 200:
            raise RuntimeError(f"the page is answered with {page.status_code}")
        return page.text

    def decide(self) -> None:
        """The next code goes to the third place."""
        code = self._codes[self._version % len(self._codes)]
        shown = {"marks": self._marks, "left_out": self._left_out}
        form = {"csrf": self._csrf, **shown, "version": str(self._version), "act": "move", "code": code, "position": "3"}
        answer = self._client.post(f"{self._path}/decisions", data=form, base_url=_BASE, headers={"Accept": "application/json"})
        if answer.status_code != 200:
            raise RuntimeError(f"the decision is answered with {answer.status_code}")
        self._version = answer.get_json()["version"]


def main() -> int:
    """Print the figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    with tempfile.TemporaryDirectory() as folder:
        coding = stored(build_coder(settings), Path(folder))
        given = {
            "FHIR_CODER_DATA": str(settings.data),
            "FHIR_CODER_KEY": KEY,
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{Path(folder) / 'store.sqlite'}",
            "FHIR_CODER_RATE_LIMIT": "",
        }
        app = create_app(Settings.from_environment(given, sandbox=True))
        keep_for_good()  # as the server does before it answers
        client = app.test_client()
        print(line_of("the page for the first time", [seconds_of(lambda: Desk(client, coding.id))]))
        desk = Desk(client, coding.id)
        for name, act in (("the page", desk.look), ("a decision", desk.decide)):
            print(line_of(name, [seconds_of(act) for _ in range(ROUNDS)]))
            print(line_of("the same, processor time", [cpu_seconds_of(act) for _ in range(ROUNDS)]))
    return 0


def _found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    if match is None:
        raise RuntimeError("the page lacks what a decision needs")
    return match.group(1)


if __name__ == "__main__":
    sys.exit(main())
