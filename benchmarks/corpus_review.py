"""The notes of ``corpus/`` coded and signed through the whole server without a socket, by a coder who follows the reference codes and errs at times.

What the coder does to a code is drawn by a seeded generator: of codes that are in the reference most are accepted, some left as they are and a few
rejected; of the others most are rejected. Patients come again, so that halves in time share patients as those of a practice do.

usage: python -m benchmarks.corpus_review --encounters N --patients P --seed S --store URL
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from fhir_coder.app import create_app
from fhir_coder.settings import Settings

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
FHIR = "application/fhir+json"
TAXONOMY = "http://nucc.org/provider-taxonomy"
_BASE = "http://127.0.0.1:8080"
_ACT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


@dataclass(frozen=True, slots=True)
class CorpusNote:
    """A note with its reference codes; ``is_held_out``: the ranker has not learned from it."""

    id: str
    text: str
    codes: tuple[str, ...]
    is_held_out: bool


@dataclass(frozen=True, slots=True)
class Coder:
    """How the coder errs: of codes in the reference, the share that is rejected and that is left as proposed; of others, the share that is accepted."""

    rejects: float = 0.01
    leaves: float = 0.05
    accepts: float = 0.03


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded note: id of the coding, disposition, and each proposed code with its probability."""

    id: str
    disposition: str
    codes: dict[str, float]


@dataclass
class Fate:
    """What the coder did to one coding, counted apart from the software: fates by proposed code, codes that were brought, and whether it was signed."""

    kept: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    brought: set[str] = field(default_factory=set)
    is_signed: bool = False


def corpus_notes(count: int, seed: int = 7) -> tuple[CorpusNote, ...]:
    """So many notes in an order that mixes held-out notes and those the ranker learned from, every held-out note among them where there is room."""
    notes = [
        CorpusNote(one["id"], one["text"], tuple(one["codes"]), "held_out" in path.name)
        for path in sorted(CORPUS.glob("outpatient_*.jsonl"))
        for one in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]
    choice = random.Random(seed)  # noqa: S311 - a sample of our own notes
    choice.shuffle(notes)
    chosen = sorted(notes, key=lambda one: not one.is_held_out)[:count]
    choice.shuffle(chosen)
    return tuple(chosen)


class CorpusReview:
    """A server in sandbox mode, asked as programs and browsers do."""

    def __init__(self, app: Flask, coder: Coder = Coder(), seed: int = 7, patients: int = 1500) -> None:
        self._client = app.test_client()
        self._coder = coder
        self._choice = random.Random(seed)  # noqa: S311 - made-up decisions
        self._patients = patients
        self._patient_of: dict[str, str] = {}
        self._csrf = ""

    def move_to(self, app: Flask) -> None:
        """Go on with the same patients and the same coder before another server, as where it was started anew with other settings."""
        self._client, self._csrf = app.test_client(), ""

    def code(self, note: CorpusNote, encounter: str = "") -> Coded:
        """The note coded as an encounter of its own, or once more as one that was coded before."""
        answer = self._client.post("/fhir/Encounter/$code-encounter", json=self._request(note, encounter), headers={"Content-Type": FHIR})
        told = answer.get_json(force=True)
        if answer.status_code != 200:
            raise RuntimeError(f"{note.id}: coding is answered with {answer.status_code}")
        named = [(one["name"], one) for one in told["parameter"]]
        parts = [{part["name"]: part for part in one["part"]} for name, one in named if name == "assignment"]
        by_name = dict(named)
        codes = {one["code"]["valueCoding"]["code"]: float(one["probability"]["valueDecimal"]) for one in parts}
        return Coded(by_name["codingId"]["valueId"], by_name["disposition"]["valueCoding"]["code"], codes)

    def review(self, coded: Coded, reference: Sequence[str]) -> Fate:
        """Decide on every code, bring what is missing, and sign."""
        fate, desk = Fate(), _Desk(self, coded.id)
        for code in coded.codes:
            if code in reference:
                self._known(desk, code, fate)
            elif self._choice.random() < self._coder.accepts:
                desk.decide("accept", code=code)
                fate.kept.add(code)
            else:
                desk.decide("reject", code=code, reason="not-documented")
                fate.rejected.add(code)
        for code in reference:
            is_missed = code not in coded.codes and self._choice.random() >= self._coder.rejects
            # What the engine weighed and left is brought back; anything else is added.
            if is_missed and (desk.tries("restore", code=code) or desk.tries("add", code=code, reason="missed")):
                fate.brought.add(code)
        fate.is_signed = desk.signs()
        return fate

    def second(self, coded: Coded, codes: Sequence[str]) -> TestResponse:
        """Code it a second time, blind."""
        token = self.csrf
        self.post(f"/review/second/{coded.id}/begin", {"csrf": token})
        return self.post(f"/review/second/{coded.id}/codes", {"csrf": token, "do": "hand-in", "code": list(codes), "none": "yes"})

    def get(self, path: str) -> TestResponse:
        """A page."""
        return self._client.get(path, base_url=_BASE)

    def post(self, path: str, form: dict[str, Any], accept: str = "text/html") -> TestResponse:
        """A form that a page of ours sends."""
        return self._client.post(path, data=form, base_url=_BASE, headers={"Origin": _BASE, "Accept": accept})

    @property
    def csrf(self) -> str:
        """What forms of the session carry."""
        if not self._csrf:
            self._csrf = re.findall(r'name="csrf" value="([^"]+)"', self.get("/review/").text)[0]
        return self._csrf

    def _known(self, desk: _Desk, code: str, fate: Fate) -> None:
        drawn = self._choice.random()
        if drawn < self._coder.rejects:
            desk.decide("reject", code=code, reason="not-documented")
            fate.rejected.add(code)
        elif drawn < self._coder.rejects + self._coder.leaves:
            fate.left.add(code)
        else:
            desk.decide("accept", code=code)
            fate.kept.add(code)

    def _request(self, note: CorpusNote, encounter: str) -> dict[str, Any]:
        visit_id = encounter or note.id
        if visit_id not in self._patient_of:
            self._patient_of[visit_id] = f"Patient/p{self._choice.randrange(self._patients)}"
        patient, doctor = self._patient_of[visit_id], {"reference": "Practitioner/dr"}
        visit: dict[str, Any] = {"resourceType": "Encounter", "id": visit_id, "status": "finished", "class": _ACT}
        visit |= {"subject": {"reference": patient}, "period": {"start": "2026-05-04T09:00:00-05:00"}}
        data = base64.b64encode(note.text.encode()).decode()
        document: dict[str, Any] = {
            "resourceType": "DocumentReference",
            "status": "current",
            "docStatus": "final",
            "subject": {"reference": patient},
        }
        document |= {"author": [doctor], "authenticator": doctor, "content": [{"attachment": {"contentType": "text/plain", "data": data}}]}
        role: dict[str, Any] = {"resourceType": "PractitionerRole", "id": "r1", "practitioner": doctor}
        role |= {"code": [{"coding": [{"system": TAXONOMY, "code": "207Q00000X"}]}]}
        cover: dict[str, Any] = {"resourceType": "Coverage", "id": "c1", "status": "active", "beneficiary": {"reference": patient}}
        cover |= {"payor": [{"reference": "Organization/payer"}]}
        named = (("encounter", visit), ("note", document), ("context", role), ("context", cover))
        return {"resourceType": "Parameters", "parameter": [{"name": name, "resource": value} for name, value in named]}


class _Desk:
    """One coding before a coder."""

    def __init__(self, review: CorpusReview, coding: str) -> None:
        self._review, self._path, self._version = review, f"/review/encounters/{coding}/decisions", 0

    def decide(self, act: str, **form: Any) -> None:
        """One decision, which is taken."""
        answer = self._send(act, form)
        if answer.status_code != 200:
            raise RuntimeError(f"{act} is answered with {answer.status_code}")

    def tries(self, act: str, **form: Any) -> bool:
        """Whether a decision is taken."""
        return self._send(act, form).status_code == 200

    def signs(self) -> bool:
        """Sign, against blocking findings where there are any."""
        return self.tries("sign-off", **self._overrides())

    def _overrides(self) -> dict[str, list[str]]:
        page = self._review.get(self._path.removesuffix("/decisions")).text
        form = re.search(r'value="sign-off".*?</form>', page, re.DOTALL)
        names = [html.unescape(one) for one in re.findall(r'name="override_finding" value="([^"]*)"', form.group(0) if form else "")]
        return {"override_finding": names, "override_reason": ["finding-wrong"] * len(names), "override_text": [""] * len(names)}

    def _send(self, act: str, form: dict[str, Any]) -> TestResponse:
        asked = {"csrf": self._review.csrf, "version": str(self._version), "act": act} | form
        answer = self._review.post(self._path, asked, "application/json")
        if answer.status_code == 200:
            self._version = answer.get_json()["version"]
        return answer


def reviewed(review: CorpusReview, notes: Sequence[CorpusNote]) -> Iterator[tuple[CorpusNote, Coded, Fate]]:
    """Each note coded and, where it waits for a person, signed."""
    for note in notes:
        coded = review.code(note)
        yield note, coded, Fate() if coded.disposition == "pass" else review.review(coded, note.codes)


def server_on(url: str, **environment: str) -> Flask:
    """A server in sandbox mode over a store, with the settings of this process else, and no limit of rate."""
    chosen = {**os.environ, "FHIR_CODER_DATABASE_URL": url, "FHIR_CODER_RATE_LIMIT": "", "FHIR_CODER_LOG_LEVEL": "WARNING", **environment}
    return create_app(Settings.from_environment(chosen, sandbox=True, builtin_ehr=False))


def main() -> int:
    """Fill a store with signed encounters of the default tenant, each coded and signed over HTTP; where ``FHIR_CODER_KEY`` is set, under that key."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encounters", type=int, default=400, help="how many, no more than the corpus has (default: 400)")
    parser.add_argument("--patients", type=int, default=1500, help="of how many each encounter's patient is drawn (default: 1500)")
    parser.add_argument("--seed", type=int, default=7, help="of the order of notes, the patients and what the coder does (default: 7)")
    parser.add_argument(
        "--store", required=True, metavar="URL", help="FHIR_CODER_DATABASE_URL of the store, which is made where it is missing"
    )
    given = parser.parse_args()
    review = CorpusReview(server_on(given.store), seed=given.seed, patients=given.patients)
    fates = [fate for _, _, fate in reviewed(review, corpus_notes(given.encounters, given.seed))]
    counts = {name: sum(len(getattr(one, name)) for one in fates) for name in ("kept", "left", "rejected", "brought")}
    print(f"{sum(one.is_signed for one in fates)} of {len(fates)} encounters signed; codes: {counts}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
