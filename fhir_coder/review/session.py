"""The session of one person in one browser: who they are, what they came with, and what they may see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from fhir_coder.people import Person, Right
from fhir_coder.smart.context import Grant, read_grant
from fhir_coder.smart.launch.launched import Launched


@dataclass(frozen=True, slots=True)
class Banner:
    """The patient of a launch, as the EHR told it: shown where the EHR does not show it itself (``need_patient_banner``)."""

    id: str
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, slots=True)
class ReviewSession:
    """``csrf`` stands in every form of this session and of no other. ``launched`` is None for the demo person of the sandbox.

    ``frame_ancestors``: origins that may show the pages in a frame. ``opened``: codings opened by breaking the glass. ``notice``: a
    sentence for the person, such as that the patient changed.
    """

    tenant: str
    person: Person
    csrf: str = field(repr=False)
    id: str = field(default="", repr=False)
    launched: Launched | None = None
    frame_ancestors: tuple[str, ...] = ()
    banner: Banner | None = None
    opened: tuple[str, ...] = ()
    notice: str = ""

    @property
    def ehr(self) -> str:
        """The EHR that the person came from; empty for a sign-in at the practice's own provider, which is bound to none."""
        return self.launched.ehr if self.launched else ""

    @property
    def has_worklist(self) -> bool:
        """Whether the worklist is where this person works: they may open what was coded, and their launch is bound to no patient."""
        is_bound = self.launched is not None and bool(self.launched.patient or self.launched.encounter)
        return self.person.may(Right.REVIEW) and not is_bound

    @property
    def grant(self) -> Grant | None:
        """What the token of the launch allows; None where there is no such token. Raises Unauthenticated for a context that is no id."""
        if self.launched is None or not self.launched.is_smart:
            return None
        one = self.launched
        return read_grant({"scope": one.scope, "patient": one.patient or None, "encounter": one.encounter or None})

    def members(self) -> dict[str, Any]:
        """As a JSON object without the id; tokens are in it."""
        members = asdict(self)
        del members["id"]
        return members | {"launched": self.launched.members() if self.launched else None}

    @classmethod
    def of(cls, session_id: str, members: Mapping[str, Any]) -> ReviewSession:
        """From what :meth:`members` gave."""
        person, banner, launched = members["person"], members["banner"], members["launched"]
        return cls(
            tenant=members["tenant"],
            person=Person(**{**person, "roles": tuple(person["roles"])}),
            csrf=members["csrf"],
            id=session_id,
            launched=Launched.of(launched) if launched else None,
            frame_ancestors=tuple(members["frame_ancestors"]),
            banner=Banner(**banner) if banner else None,
            opened=tuple(members["opened"]),
            notice=members["notice"],
        )
