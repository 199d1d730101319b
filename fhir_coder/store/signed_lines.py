"""Signed reviews as lines to count: each is written down with its sign-off, so that figures over many need not go through all their decisions.

A line is a shortcut and never the truth: it counts only while it is of the sign-off in force and was reckoned by the rules of this version. A review
without such a line, for instance one that a server of an earlier version signed, is reckoned from its decisions, and gets one with the next migration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, exists, insert, select

from fhir_coder.model import Severity
from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.outcomes.signed_line import Counted, SignedLine, counted_of, line_of
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.outcomes import TOGETHER, outcomes_of, signed_keys
from fhir_coder.store.review_rows import utc
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.signed_line_tables import SignedLineRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.decision import Act, Someone
from fhir_coder.worklist.review import State

RULES = 2
"""By which decisions become a line (:mod:`fhir_coder.worklist.folding`, :func:`fhir_coder.outcomes.signed_line.counted_of`): a change in what comes out
makes it another number. Lines of rules 1 have none: in them a code could replace one that stood beside it."""
Signers = dict[tuple[str, str], Someone]
_CLOSED_BOOK = Cipher("")
"""Opens nothing: a line has no name."""


class SignedLines:
    """Over one database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine
        self._cipher = cipher

    def lines(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[SignedLine]:
        """Codings whose review is signed, by the moment of the sign-off in force, oldest first; ``since`` is included, ``until`` is not."""
        signers: Signers = {}
        with self._engine.connect() as connection:
            keys = connection.scalars(signed_keys(tenant, since, until)).all()
        for start in range(0, len(keys), TOGETHER):
            some = keys[start : start + TOGETHER]
            with self._engine.connect() as connection:
                rows = [row for row in _kept(connection, tenant, some) if row.counted.get("rules") == RULES]
                found = {row.review: self._line(row, signers) for row in rows}
                missing = [key for key in some if key not in found]
                reckoned = outcomes_of(connection, tenant, missing, self._cipher, signers) if missing else ()
                found |= {key: line_of(outcome) for key, outcome in reckoned}
            yield from (found[key] for key in some if key in found)

    def _line(self, row: Row[Any], signers: Signers) -> SignedLine:
        person = (row.person_id, row.person_issuer)
        if person not in signers:
            signers[person] = Someone(*person, self._cipher.open(row.person_name))
        return SignedLine(
            row.id,
            row.ehr,
            utc(row.created_at),
            utc(row.made_at),
            row.provider,
            row.specialty,
            row.release_id,
            row.engine_version,
            signers[person],
            _counted(row.counted),
        )


def renew_line(connection: Connection, review: ReviewRow) -> None:
    """After a decision that signed a review or opened it again: its line is that of the sign-off in force, or there is none."""
    _forget(connection, review.tenant, [review.key])
    if review.state == State.SIGNED.value:
        _write(connection, review.tenant, outcomes_of(connection, review.tenant, [review.key], _CLOSED_BOOK, {}))


def fill(connection: Connection) -> None:
    """Write the lines of signed reviews that have none of these rules."""
    review, line, decision = ReviewRow, SignedLineRow, ReviewDecisionRow
    has_line = exists().where(line.tenant == review.tenant, line.review == review.key, line.counted["rules"].as_integer() == RULES)
    is_told = exists().where(decision.tenant == review.tenant, decision.review == review.key, decision.act == Act.SIGN_OFF.value)
    lacking = select(review.tenant, review.key).where(review.state == State.SIGNED.value, ~has_line, is_told)
    keys: defaultdict[str, list[int]] = defaultdict(list)
    for tenant, key in connection.execute(lacking.order_by(review.key)):
        keys[tenant].append(key)
    for tenant, theirs in keys.items():
        for start in range(0, len(theirs), TOGETHER):
            some = theirs[start : start + TOGETHER]
            _forget(connection, tenant, some)
            _write(connection, tenant, outcomes_of(connection, tenant, some, _CLOSED_BOOK, {}))


def _forget(connection: Connection, tenant: str, keys: Sequence[int]) -> None:
    row = SignedLineRow
    connection.execute(delete(row).where(row.tenant == tenant, row.review.in_(keys)))


def _write(connection: Connection, tenant: str, outcomes: Iterable[tuple[int, SignedOutcome]]) -> None:
    rows = [
        {"tenant": tenant, "review": key, "sequence": outcome.sequence, "counted": _told(counted_of(outcome))} for key, outcome in outcomes
    ]
    if rows:
        connection.execute(insert(SignedLineRow), rows)


def _kept(connection: Connection, tenant: str, keys: Sequence[int]) -> Sequence[Row[Any]]:
    """Lines that are of the sign-off in force, with what stands beside them."""
    review, coding, line, decision = ReviewRow, CodedEncounterRow, SignedLineRow, ReviewDecisionRow
    columns: tuple[Any, ...] = (line.review, line.counted, coding.id, coding.ehr, coding.created_at, coding.release_id)
    more: tuple[Any, ...] = (coding.engine_version, review.provider, review.specialty)
    signed: tuple[Any, ...] = (decision.made_at, decision.person_id, decision.person_issuer, decision.person_name)
    is_in_force = and_(
        decision.review == review.key,
        decision.sequence == line.sequence,
        decision.act == Act.SIGN_OFF.value,
        decision.made_at == review.signed_at,
    )
    joined = (
        select(*columns, *more, *signed)
        .join_from(line, review, line.review == review.key)
        .join(coding, review.coded_encounter == coding.key)
        .join(decision, is_in_force)
    )
    of_tenant = [table.tenant == tenant for table in (line, review, coding, decision)]
    return connection.execute(joined.where(*of_tenant, review.key.in_(keys), review.state == State.SIGNED.value)).all()


def _told(counted: Counted) -> dict[str, Any]:
    """As JSON."""
    return {
        "rules": RULES,
        "proposed": counted.proposed,
        "final": counted.final,
        "unseen": counted.unseen,
        "replaced": counted.replaced,
        "edits": [(edit, severity.value) for edit, severity in counted.edits],
        "overridden": counted.overridden,
    }


def _counted(told: dict[str, Any]) -> Counted:
    return Counted(
        tuple((code, probability) for code, probability in told["proposed"]),
        tuple(told["final"]),
        told["unseen"],
        tuple((first, instead) for first, instead in told["replaced"]),
        tuple((edit, _SEVERITIES[severity]) for edit, severity in told["edits"]),
        tuple(told["overridden"]),
    )


_SEVERITIES = {one.value: one for one in Severity}
