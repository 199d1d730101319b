"""Whom a form assigns a review to: somebody whom the practice knows, or a person by an id at the server that vouches for who assigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fhir_coder.errors import InvalidContent
from fhir_coder.review.makers import someone_of
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.worklist_query import ME, NOBODY, person_key
from fhir_coder.worklist.decision import Someone


def person_named(form: Mapping[str, str], session: ReviewSession, people: Iterable[Someone]) -> Someone | None:
    """``to`` is one of ``people`` by key, oneself or nobody (None); an id in ``to_id`` counts before it, with its own ``to_issuer`` where that is
    given. Raises InvalidContent where nobody is named."""
    named, typed = form.get("to", "").strip(), form.get("to_id", "").strip()
    known = {person_key(one): one for one in people}
    if typed:
        someone = Someone(typed, form.get("to_issuer", "").strip() or session.person.issuer)
        return known.get(person_key(someone), someone)
    if named == NOBODY:
        return None
    if named == ME:
        return someone_of(session)
    if named not in known:
        raise InvalidContent("choose a person to assign to, or give an id")
    return known[named]
