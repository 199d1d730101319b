"""Saved views of the worklist: a name and the query of a list, one's own or shared by the practice, and the one that opens first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from fhir_coder.errors import ConfigurationError, Conflict, ResourceUnknown
from fhir_coder.store.cipher import Cipher, Sealed
from fhir_coder.store.worklist_view_tables import WorklistDefaultRow, WorklistViewRow
from fhir_coder.worklist.decision import Someone

MOST_VIEWS = 20
"""Views that one person may have: each is counted with every page."""
_VIEW, _DEFAULT = WorklistViewRow, WorklistDefaultRow


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as one person sees it. ``query`` is the query string of the list; ``is_own``: it is theirs; ``is_first``: it opens first for them."""

    id: str
    name: str
    query: str
    is_shared: bool
    is_own: bool
    is_first: bool


class WorklistViews:
    """Over one database. Views are words of people: without a key none is kept (:attr:`can_keep`)."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher

    @property
    def can_keep(self) -> bool:
        """Whether there is a key to seal views with."""
        return self._cipher.has_key

    def of(self, tenant: str, person: Someone) -> tuple[SavedView, ...]:
        """What a person may choose from: their own and the shared ones, by name."""
        if not self.can_keep:
            return ()
        first = select(_DEFAULT.view).where(_DEFAULT.tenant == tenant, *_is_for(person))
        query = select(_VIEW).where(_VIEW.tenant == tenant, or_(_VIEW.is_shared, and_(*_is_of(person))))
        with Session(self._engine) as session:
            chosen = session.scalar(first)
            views = [self._view(row, person, row.key == chosen) for row in session.scalars(query)]
        return tuple(sorted(views, key=lambda one: (one.name.casefold(), one.id)))

    def save(self, tenant: str, person: Someone, name: str, query: str, is_shared: bool) -> str:
        """Keep a new view and give back its id. Raises Conflict where the person has as many as one may, ConfigurationError without a key."""
        count = select(func.count()).select_from(_VIEW).where(_VIEW.tenant == tenant, *_is_of(person))
        with Session(self._writing) as session, session.begin():
            if (session.scalar(count) or 0) >= MOST_VIEWS:
                raise Conflict(f"you have {MOST_VIEWS} views, which is as many as one may have: delete one first")
            row = WorklistViewRow(
                tenant=tenant,
                id=uuid.uuid4().hex,
                owner_id=person.id,
                owner_issuer=person.issuer,
                is_shared=is_shared,
                name=self._sealed(name),
                query=self._cipher.seal(query),
            )
            session.add(row)
            return row.id

    def rename(self, tenant: str, person: Someone, view_id: str, name: str, may_any: bool = False) -> None:
        """Give a view of one's own another name; with ``may_any`` a shared one too. Raises ResourceUnknown for any other."""
        with Session(self._writing) as session, session.begin():
            self._changeable(session, tenant, person, view_id, may_any).name = self._sealed(name)

    def delete(self, tenant: str, person: Someone, view_id: str, may_any: bool = False) -> None:
        """Delete a view of one's own; with ``may_any`` a shared one too. Raises ResourceUnknown for any other."""
        with Session(self._writing) as session, session.begin():
            session.delete(self._changeable(session, tenant, person, view_id, may_any))

    def open_first(self, tenant: str, person: Someone, view_id: str) -> None:
        """Have a view open first for a person; none with an empty id. Raises ResourceUnknown for a view that is not theirs to see."""
        seen = select(_VIEW).where(_VIEW.tenant == tenant, _VIEW.id == view_id, or_(_VIEW.is_shared, and_(*_is_of(person))))
        with Session(self._writing) as session, session.begin():
            session.execute(delete(_DEFAULT).where(_DEFAULT.tenant == tenant, *_is_for(person)))
            if view_id:
                view = _found(session.scalar(seen))
                session.add(WorklistDefaultRow(tenant=tenant, person_id=person.id, person_issuer=person.issuer, view=view.key))

    def _changeable(self, session: Session, tenant: str, person: Someone, view_id: str, may_any: bool) -> WorklistViewRow:
        query: Select[WorklistViewRow] = select(_VIEW).where(_VIEW.tenant == tenant, _VIEW.id == view_id)
        mine = and_(*_is_of(person))
        return _found(session.scalar(query.where(or_(mine, _VIEW.is_shared) if may_any else mine).with_for_update()))

    def _sealed(self, name: str) -> Sealed:
        sealed = self._cipher.seal(name)
        if sealed is None:
            raise ConfigurationError("views need a name, and FHIR_CODER_KEY: they are kept sealed or not at all")
        return sealed

    def _view(self, row: WorklistViewRow, person: Someone, is_first: bool) -> SavedView:
        is_own = (row.owner_id, row.owner_issuer) == (person.id, person.issuer)
        return SavedView(row.id, self._cipher.open(row.name), self._cipher.open(row.query), row.is_shared, is_own, is_first)


def _is_of(person: Someone) -> tuple[ColumnElement[bool], ...]:
    return _VIEW.owner_id == person.id, _VIEW.owner_issuer == person.issuer


def _is_for(person: Someone) -> tuple[ColumnElement[bool], ...]:
    return _DEFAULT.person_id == person.id, _DEFAULT.person_issuer == person.issuer


def _found(row: WorklistViewRow | None) -> WorklistViewRow:
    if row is None:
        raise ResourceUnknown("there is no such view, or it is not yours to change")
    return row
