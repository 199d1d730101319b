"""``python -m benchmarks.boundary``: what the trust boundary costs each call, and how long dense text takes to code.

An audit event is recorded in a store of its own on SQLite, and on PostgreSQL where FHIR_CODER_TEST_POSTGRESQL names an empty database; a call is
counted in a file as all workers share it; a signed token is verified with a known key.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from benchmarks.timing import cpu_seconds_of, line_of, seconds_of
from fhir_coder.app import build_coder
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.verification import verify
from fhir_coder.batch import read_lines
from fhir_coder.coding.policy import outpatient
from fhir_coder.installed import ensure_index
from fhir_coder.model import Encounter, Note
from fhir_coder.settings import Settings
from fhir_coder.smart.bearer import TokenVerifier
from fhir_coder.smart.claims import ClaimRules
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.trust import Trust
from fhir_coder.store.start import open_stores
from fhir_coder.throttle.rates import Rates, Throttle, open_counters, read_rates

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "outpatient_train.jsonl"
ROUNDS = 300
LENGTHS = (10_000, 50_000, 200_000)
_ISSUER, _AUDIENCE = "https://auth.example", "https://coder.example/fhir"
_ENTRY = AuditEntry(
    "north",
    "code-encounter",
    Action.EXECUTE,
    Success.DONE,
    Agent(AgentKind.CLIENT, "engine", _ISSUER),
    "Patient/p1",
    tuple(f"{kind}/{number}" for kind in ("Encounter", "DocumentReference", "Condition", "Claim") for number in range(3)),
    detail={"coding": "c" * 32, "disposition": "review", "notes": "3"},
)


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        _print_audit("SQLite", f"sqlite:///{folder}/store.sqlite")
        if url := os.environ.get("FHIR_CODER_TEST_POSTGRESQL"):
            _print_audit("PostgreSQL", url)
        throttle = Throttle(open_counters("", Path(folder)), Rates(read_rates("1000000/minute")))
        _print("a call is counted", lambda: throttle.call("north", "engine"))
    _print_token()
    _print_lengths()
    return 0


def _print_audit(database: str, url: str) -> None:
    stores = open_stores(url, "")
    try:
        _print(f"audit event, {database}", lambda: stores.audit.record(_ENTRY))
        lines = list(stores.audit.lines("north"))
        took = seconds_of(lambda: verify(stores.audit.lines("north"), stores.audit.start("north"), []))
        size = sum(len(one.content) for one in lines) / len(lines)
        print(f"  {size / 1024:.1f} KB an event; {len(lines)} verified in {took:.2f} s")
    finally:
        stores.close()


def _print_token() -> None:
    key = ECKey.generate_key("P-384", {"kid": "k", "alg": "ES384", "use": "sig"})
    claims = {"iss": _ISSUER, "aud": _AUDIENCE, "exp": int(time.time()) + 3600, "scope": "system/*.rs"}
    token = jwt.encode({"alg": "ES384", "kid": "k"}, claims, key, algorithms=["ES384"])
    keys = IssuerKeys(lambda: json.dumps({"keys": [key.as_dict(private=False)]}).encode())
    verifier = TokenVerifier(ClaimRules(Trust(_ISSUER, jwks_url=f"{_ISSUER}/keys"), (_AUDIENCE,)), keys)
    _print("a signed token is verified", lambda: verifier.verify(token))


def _print_lengths() -> None:
    """Notes of the corpus put end to end: text of which nearly every sentence names something."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder, text = build_coder(settings), "\n\n".join(str(line.value["text"]) for line in read_lines(CORPUS))
    for length in LENGTHS:
        encounter = Encounter("e", (Note("n", (text * (length // len(text) + 1))[:length]),))
        took = cpu_seconds_of(partial(coder.code_encounter, encounter, outpatient()))
        print(f"{length:7,} characters coded in {took:5.1f} s of processor time, {took / length * 10_000:.2f} s for each 10,000")


def _print(name: str, work: Callable[[], object]) -> None:
    work()
    print(line_of(name, [seconds_of(work) for _ in range(ROUNDS)]))


if __name__ == "__main__":
    raise SystemExit(main())
