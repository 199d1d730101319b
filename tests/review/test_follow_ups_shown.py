"""What follows a decision, as the page of a coding shows it: how it stands, what may be tried, and what only a person can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fhir_coder.people import RoleRules
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.records import StoredEncounter
from fhir_coder.worklist.decision import Decision, Recorded
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress
from tests.review.conftest import SIGNED_IN, get, make_site, sign_in
from tests.review.nothing_follows import NothingFollows
from tests.review.test_deciding import Desk


class Follows(NothingFollows):
    """Duties as a test has them, and what people said of them."""

    def __init__(self) -> None:
        self.found: list[FollowUp] = []
        self.asked: list[tuple[Decision, int]] = []
        self.said: list[tuple[int, bool]] = []
        self.tried = 0

    def duties(self, session: ReviewSession, coding: StoredEncounter, decision: Decision, history: Sequence[Recorded]) -> tuple[Duty, ...]:
        self.asked.append((decision, len(history)))
        return ()

    def carry_out(self, session: ReviewSession, coding: StoredEncounter, is_asked: bool = False) -> None:
        self.tried += is_asked

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        return tuple(self.found)

    def resolve(self, session: ReviewSession, coding: StoredEncounter, key: int, is_there: bool) -> bool:
        self.said.append((key, is_there))
        return any(one.key == key and one.progress is Progress.UNSURE for one in self.found)


@pytest.fixture
def follows() -> Follows:
    return Follows()


@pytest.fixture
def desk(tmp_path: Path, follows: Follows) -> Iterator[Desk]:
    made = make_site(tmp_path, follow_ups=follows)
    yield Desk(made, made.browser())
    made.repository.close()


def stands(kind: Kind, progress: Progress, sequence: int = 1, detail: str = "") -> FollowUp:
    return FollowUp(7, "c", sequence, Duty(kind, "main"), progress, 1, 0, 0, 0, detail)


def head(desk: Desk) -> str:
    return get(desk.browser, desk.path).text


@pytest.mark.parametrize("kind", [Kind.EHR, Kind.QUERY, Kind.WITHDRAWAL])
@pytest.mark.parametrize("progress", [one for one in Progress if one is not Progress.OVERTAKEN])
def test_every_state_has_words(desk: Desk, follows: Follows, kind: Kind, progress: Progress) -> None:
    follows.found = [stands(kind, progress, detail="so it is")]
    page = head(desk)
    assert 'aria-label="What follows"' in page and "so it is" in page
    is_amiss = progress in {Progress.FAILED, Progress.UNDELIVERED, Progress.UNSURE}
    assert ('<li class="amiss">' in page) is is_amiss
    assert (">Retry</button>" in page) is (progress in {Progress.DUE, Progress.FAILED, Progress.UNDELIVERED})
    assert (">It is there</button>" in page) is (progress is Progress.UNSURE)


def test_a_question_that_was_taken_back_is_told_as_withdrawn(desk: Desk, follows: Follows) -> None:
    follows.found = [stands(Kind.WITHDRAWAL, Progress.DONE, 2, "its Task is cancelled")]
    assert "The question was taken back" in head(desk) and "its Task is cancelled" in head(desk)


def test_after_a_reopening_the_ehr_is_told_otherwise_than_after_a_signature(desk: Desk, follows: Follows) -> None:
    desk.send("sign-off")
    follows.found = [stands(Kind.EHR, Progress.DONE)]
    assert "Written to the EHR" in head(desk)
    desk.send("reopen", reason="coding-error")
    follows.found.append(stands(Kind.EHR, Progress.FAILED, 2, "the EHR is down"))
    assert "The Claim at the EHR could not be set back" in head(desk)


def test_an_answer_can_be_looked_for_also_after_the_question_was_taken_back(desk: Desk) -> None:
    assert "Look for the answer" not in head(desk)
    desk.send("ask", text="Which kind is it?")
    desk.send("undo")
    assert desk.review().questions == () and "Look for the answer" in head(desk)


def test_duties_follow_from_the_decision_and_what_went_before(desk: Desk, follows: Follows) -> None:
    desk.send("ask", text="Which kind is it?")
    desk.send("undo")
    assert [(one.act.value, before) for one, before in follows.asked] == [("ask", 0), ("undo", 1)]


def test_a_person_says_whether_it_is_there_and_then_it_goes_on(desk: Desk, follows: Follows) -> None:
    follows.found = [stands(Kind.QUERY, Progress.UNSURE)]
    for found, is_there in (("absent", False), ("there", True)):
        assert desk.send("", to="follow-ups", follow_up="7", found=found).status_code == 200
        assert follows.said[-1] == (7, is_there)
    assert follows.tried == 2
    told = [(one.event, one.detail.get("found")) for one in desk.site.audit if one.event == "follow-up"]
    assert told == [("follow-up", "absent"), ("follow-up", "there")]


def test_what_is_in_doubt_no_more_is_a_conflict(desk: Desk, follows: Follows) -> None:
    follows.found = [stands(Kind.QUERY, Progress.DONE)]
    assert desk.send("", to="follow-ups", follow_up="7", found="absent").status_code == 409 and follows.tried == 0


@pytest.mark.parametrize(
    "fields", [{"found": "perhaps"}, {"found": "there"}, {"found": "there", "follow_up": "x"}, {"found": "there", "follow_up": "9" * 40}]
)
def test_what_nobody_can_have_meant_is_refused(desk: Desk, follows: Follows, fields: dict[str, str]) -> None:
    assert desk.send("", to="follow-ups", **fields).status_code == 400 and follows.said == [] and follows.tried == 0  # type: ignore[arg-type]


def test_without_the_right_to_sign_off_nobody_says_anything(desk: Desk, follows: Follows) -> None:
    desk.site.rules["default", ""] = RoleRules(("auditor",))
    follows.found = [stands(Kind.QUERY, Progress.UNSURE)]
    auditor = Desk(desk.site, desk.site.browser())
    sign_in(desk.site, auditor.browser, SIGNED_IN)
    assert ">It is there</button>" not in head(auditor)
    assert auditor.send("", to="follow-ups", follow_up="7", found="there").status_code == 403 and follows.said == []
