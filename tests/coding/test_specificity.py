"""Completing codes: laterality, seventh character, the unspecified child."""

from __future__ import annotations

import pytest

from fhir_coder.coding.specificity import complete, side_of
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("texts", "side"),
    [
        (("right knee pain",), "right"),
        (("pain of the Rt. shoulder",), "right"),
        (("knee pain", "she has pain in both knees"), "bilateral"),
        (("pain in the left and right wrist",), "bilateral"),
        (("R knee",), "right"),
        (("L5 radiculopathy",), None),
        (("pain of r grade",), None),
        (("left knee", "right knee"), "left"),
        (("no side named",), None),
        (("A right-handed man",), None),
        (("b/l cataracts",), "bilateral"),
    ],
)
def test_side_of(texts: tuple[str, ...], side: str | None) -> None:
    assert side_of(texts) == side


@pytest.mark.parametrize(
    ("code", "contexts", "completed"),
    [
        ("I10", ("hypertension",), "I10"),
        ("M25.56", ("right knee pain",), "M25.561"),
        ("M25.56", ("knee pain",), "M25.569"),
        ("M25.569", ("knee pain", "left knee pain since May"), "M25.562"),
        ("S93.40", ("sprain of the right ankle",), "S93.401A"),
        ("S93.401", ("sprain, healing well, cast removal today",), "S93.401D"),
        ("S93.401", ("sprain, follow-up visit",), "S93.401D"),
        ("S93.401", ("sprain, follow-up visit in 2 weeks",), "S93.401A"),
        ("S93.401", ("sprain, recovering",), "S93.401D"),
        ("P07.30", ("prematurity", "", "", "Baby boy born at 34w5d, now 3 weeks old"), "P07.37"),
        ("P07.30", ("prematurity", "", "", "A former 33-weeker"), "P07.36"),
        ("P07.30", ("prematurity", "", "", "gaining 30 g a day"), "P07.30"),
        ("T43.596", ("depot dose late, now recovering",), "T43.596A"),
        ("S93.401", ("sequelae of sprain",), "S93.401S"),
        ("G56.0", ("carpal tunnel syndrome both wrists",), "G56.03"),
        ("W21.89", ("struck by equipment",), "W21.89XA"),
        ("S62.63", ("distal phalanx fracture of right middle finger",), "S62.632A"),
        ("M1A.0", ("chronic gout",), "M1A.00X0"),
        ("M1A.0", ("chronic gout with tophi",), "M1A.00X1"),
        ("E11", ("diabetes",), "E11.9"),
        ("J45.90", ("asthma",), "J45.909"),
        ("L97.429", ("ulcer of left heel", "", "ulcer of left heel with fat layer exposed"), "L97.422"),
        ("L97.429", ("ulcer of left heel", "", "ulcer of left heel limited to breakdown of skin"), "L97.421"),
        ("L97.429", ("ulcer of left heel", "", "necrosis of muscle, no necrosis of bone"), "L97.429"),
        ("L97.429", ("ulcer of left heel", "", "ulcer of left heel", "right hip: fat layer exposed"), "L97.429"),
        ("L89.159", ("sacral pressure ulcer", "stage III sacral pressure ulcer"), "L89.153"),
        ("L89.159", ("sacral pressure ulcer, unstageable",), "L89.150"),
        ("L89.152", ("stage 3",), "L89.152"),
        ("NOPE", ("?",), None),
        ("H40.113", ("POAG, moderate stage, bilateral",), "H40.1132"),
        ("H35.3191", ("early dry AMD OD",), "H35.3111"),
        ("H35.3191", ("early dry AMD",), "H35.3191"),
        ("M17.9", ("OA right knee",), "M17.11"),
        ("M17.9", ("OA of both knees",), "M17.0"),
        ("M17.9", ("knee OA",), "M17.9"),
        ("O14.90", ("preeclampsia", "", "G1P0 at 32w0d with preeclampsia"), "O14.93"),
        ("O99.019", ("anemia of pregnancy", "", "", "IUP at 20 weeks"), "O99.012"),
        ("O99.019", ("anemia of pregnancy", "", "", "13+6 today"), "O99.011"),
        ("O99.019", ("anemia of pregnancy", "", "", "follow up in 4 weeks"), "O99.019"),
        ("O36.8190", ("decreased fetal movement", "", "", "33w2d"), "O36.8130"),
        ("G81.90", ("Right hemiplegia",), "G81.91"),
        ("G81.90", ("Left hemiplegia",), "G81.94"),
        ("G81.90", ("Left hemiplegia", "", "", "She is left-handed."), "G81.92"),
        ("I69.359", ("Left hemiparesis following stroke",), "I69.354"),
        ("C56.9", ("ovarian cancer", "", "", "right knee pain; left hand; lungs clear bilaterally"), "C56.9"),
        ("S61.211", ("laceration left index finger", "", "", "cut today. F/u 10 d suture removal."), "S61.211A"),
        ("S62.631", ("open tuft fx, nondisplaced, L index",), "S62.661B"),
        ("S62.336", ("neck fx R 5th metacarpal", "", "", "3 wk recheck boxer's fx. 19M"), "S62.336D"),
        ("S93.492", ("left ankle sprain", "", "", "sprain on the right as a freshman, healed"), "S93.492A"),
    ],
)
def test_complete(codebook: Codebook, code: str, contexts: tuple[str, ...], completed: str | None) -> None:
    assert complete(codebook, code, contexts) == completed
    assert completed is None or codebook.is_billable(completed)


def test_every_stem_of_the_release_completes_to_a_billable_code_or_to_none(codebook: Codebook) -> None:
    failed = [stem.code for stem in codebook.stems()[::7] if not codebook.is_billable(complete(codebook, stem.code, ("",)) or "")]
    assert failed == []
