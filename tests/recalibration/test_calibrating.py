"""Floors and curves from decisions by a known rule: found, confirmed on others, and refused where the decisions do not carry them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_coder.confidence import Curve
from fhir_coder.recalibration.calibrating import Wanted, calibrate
from fhir_coder.recalibration.curve import fit, quality
from fhir_coder.recalibration.evidence import Refused, gather, require_enough
from fhir_coder.recalibration.floor import reached
from fhir_coder.recalibration.kept import content_of
from tests.recalibration.decisions import decisions, outcome


def stepped(probability: float) -> float:
    """People keep nearly everything from 0.8, and three of five codes below."""
    return 0.99 if probability >= 0.8 else 0.6


def honest(probability: float) -> float:
    return probability


def boastful(probability: float) -> float:
    """The probability claims too much."""
    return Curve(-0.8, 0.6).of(probability)


def test_the_floor_is_where_the_rule_changes_and_holds_on_the_newest() -> None:
    found = calibrate(decisions(stepped), Wanted(0.95))
    assert 0.77 <= found.found.floor <= 0.83
    assert found.found.precision_interval[0] >= 0.95 and found.confirmed.precision_interval[0] >= 0.95
    assert len(found.evidence.encounters) == 800 and [len(part) for part in found.evidence.parts] == [560, 240]
    assert found.evidence.parts[0][-1].signed_on <= found.evidence.parts[1][0].signed_on
    assert found.curve == Curve() and found.refit is None and found.warnings == ()
    lower, higher = (reached(found.evidence.parts[1], floor, Curve()) for floor in (found.found.floor - 0.03, 0.9))
    assert lower.precision_interval[0] < 0.95 < higher.precision and higher.codes < found.confirmed.codes


def test_the_same_decisions_in_whatever_order_give_the_same() -> None:
    made = decisions(stepped, encounters=400)
    assert content_of("north", calibrate(made, Wanted())) == content_of("north", calibrate(reversed(made), Wanted()))


def test_a_floor_that_no_longer_holds_is_not_confirmed() -> None:
    """The newest encounters were coded under another practice: what held before does not hold now."""
    older, newer = decisions(stepped, encounters=560), decisions(lambda _: 0.7, encounters=240, seed=8)
    moved = [
        replace(
            one,
            signed_at=older[-1].signed_at.replace(year=2027),
            coding_id=f"n{one.coding_id}",
            encounter_reference=f"{one.encounter_reference}n",
        )
        for one in newer
    ]
    with pytest.raises(Refused, match="not confirmed by the newest"):
        calibrate([*older, *moved], Wanted(0.95))


def test_no_floor_is_refused() -> None:
    with pytest.raises(Refused, match="no floor"):
        calibrate(decisions(lambda _: 0.7), Wanted(0.95))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (decisions(stepped, encounters=199, codes=6), "199 signed encounters"),
        (decisions(stepped, encounters=200, codes=4), "800 decided codes"),
        (decisions(lambda _: 0.99, encounters=250), "codes that people did not keep"),
    ],
    ids=["encounters", "codes", "wrong"],
)
def test_too_few_decisions_are_refused_and_counted(made: list, told: str) -> None:
    with pytest.raises(Refused, match="too few decisions") as refused:
        calibrate(made, Wanted())
    assert told in str(refused.value)
    require_enough(gather(decisions(stepped, encounters=200, codes=5)))


def test_what_nobody_opened_counts_only_where_it_is_asked_for() -> None:
    made = [outcome(1, {"I10": (0.9, "accepted"), "R05.9": (0.8, "open"), "E11.9": (0.7, "rejected")}), outcome(2, {"I10": (0.9, "open")})]
    strict, lenient = gather(made), gather(made, with_unopened=True)
    assert (strict.codes, strict.wrong, strict.unopened, len(strict.encounters)) == (2, 1, 2, 1)
    assert (lenient.codes, lenient.wrong, lenient.unopened, len(lenient.encounters)) == (4, 1, 2, 2)
    assert strict.encounters[0].all_codes == (0.9, 0.8, 0.7)


def test_an_encounter_passes_by_all_its_codes_and_is_exact_without_additions() -> None:
    made = [
        outcome(1, {"I10": (0.9, "accepted"), "R05.9": (0.6, "open")}),
        outcome(2, {"I10": (0.9, "accepted")}, added=("E11.9",)),
        outcome(3, {"I10": (0.95, "accepted")}),
    ]
    found = reached(gather(made).encounters, 0.9, Curve())
    assert (found.codes, found.encounters_share, found.exact_share) == (3, 0.6667, 0.5)


def test_other_models_are_left_out_and_one_person_alone_is_told() -> None:
    made = [outcome(1, {"I10": (0.9, "accepted")}, ranker="outpatient@other"), outcome(2, {"I10": (0.9, "accepted")})]
    assert (gather(made).of_others, len(gather(made).encounters)) == (1, 1)
    with pytest.raises(Refused):
        gather([replace(made[0], versions={})])
    alone = [replace(one, decided_by=made[0].decided_by) for one in decisions(stepped, encounters=400)]
    (warning,) = calibrate(alone, Wanted()).warnings
    assert "one person signed 100%" in warning


def test_probabilities_that_claim_too_much_are_drawn_anew() -> None:
    made = decisions(boastful, encounters=1500, least=0.4)
    found = fit(gather(made).encounters)
    assert found.level == pytest.approx(-0.8, abs=0.1) and found.slope == pytest.approx(0.6, abs=0.1)
    again = calibrate(made, Wanted(0.8, refit=True))
    assert again.refit is not None and again.refit.gain_interval[0] > 0
    assert again.refit.after.brier < again.refit.before.brier and again.refit.after.error < again.refit.before.error / 2
    assert again.confirmed.precision_interval[0] >= 0.8 and again.curve == again.refit.curve


def test_honest_probabilities_are_not_drawn_anew() -> None:
    with pytest.raises(Refused, match="not surely better"):
        calibrate(decisions(honest), Wanted(0.9, refit=True))
    with pytest.raises(Refused, match="no curve"):
        fit(gather(decisions(lambda probability: 1.2 - probability)).encounters)


def test_what_parts_kept_codes_without_exception_gives_a_steep_curve_and_no_step() -> None:
    """The likeliest curve would be infinitely steep: a search for it ends wherever it is stopped, or in numbers too large."""
    made = decisions(lambda probability: float(probability > 0.8), encounters=1000)
    curve = fit(gather(made).encounters)
    assert curve.slope < 1000 and curve.of(0.7) < 0.05 and curve.of(0.9) > 0.95
    assert [curve.of(one / 100) for one in range(101)] == sorted(curve.of(one / 100) for one in range(101))
    assert calibrate(made, Wanted(0.95, refit=True)).confirmed.precision_interval[0] >= 0.95


def test_a_curve_has_a_value_however_steep_it_is() -> None:
    steep = Curve(-3000.0, 2000.0)
    assert (steep.of(0.0001), steep.of(0.9999)) == (0.0, 1.0) and 0.0 <= steep.of(0.8) <= steep.of(0.82) <= 1.0


def test_quality_of_what_is_certain_and_right_is_nought() -> None:
    sure = gather([outcome(number, {"I10": (1.0, "accepted"), "R05.9": (0.0, "rejected")}) for number in range(3)]).encounters
    assert (quality(sure, Curve()).brier, quality(sure, Curve()).error) == (0.0, 0.0)
