from __future__ import annotations

import pytest

from index.stemming import stem, stems
from index.variants import Distance, variants


def phrases(title: str) -> dict[str, Distance]:
    return {variant.phrase.lower(): variant.distance for variant in variants(title)}


@pytest.mark.parametrize(
    ("title", "phrase", "distance"),
    [
        ("Essential (primary) hypertension", "essential hypertension", Distance.NONESSENTIAL),
        ("Essential (primary) hypertension", "essential primary hypertension", Distance.NONESSENTIAL),
        ("Contusion of finger(s)", "contusion of finger", Distance.EXACT),
        ("Chronic obstructive pulmonary disease [COPD]", "chronic obstructive pulmonary disease", Distance.NONESSENTIAL),
        ("Hypertension NOS", "hypertension", Distance.NONESSENTIAL),
        ("Heart failure, unspecified", "heart failure", Distance.UNSPECIFIED),
        ("Osteoarthritis of hip, unspecified", "osteoarthritis of hip", Distance.UNSPECIFIED),
        ("Osteoarthritis of hip, unspecified", "hip osteoarthritis", Distance.REORDERED),
        ("Unspecified asthma, uncomplicated", "asthma", Distance.DEFAULTED),
        ("Migraine, unspecified, not intractable, without status migrainosus", "migraine", Distance.DEFAULTED),
        ("Pain in unspecified knee", "knee pain", Distance.REORDERED),
        ("Calcaneal spur, right foot", "calcaneal spur of right foot", Distance.REORDERED),
        ("Calcaneal spur, right foot", "right foot calcaneal spur", Distance.REORDERED),
        ("Effusion, unspecified knee", "knee effusion", Distance.REORDERED),
        ("Effusion, unspecified knee", "effusion", Distance.SITE_DROPPED),
        ("Carpal tunnel syndrome, unspecified upper limb", "carpal tunnel syndrome", Distance.SITE_DROPPED),
    ],
)
def test_a_title_is_written_in_other_ways(title: str, phrase: str, distance: Distance) -> None:
    assert phrases(title)[phrase] is distance


@pytest.mark.parametrize(
    "title", ["Other chest pain", "Gout NEC", "Asthma, not elsewhere classified", "Arthropathy in diseases classified elsewhere"]
)
def test_a_residual_title_stands_only_for_itself(title: str) -> None:
    assert list(phrases(title)) == [title.lower()]


def test_nearer_variants_come_first_and_none_repeats() -> None:
    found = list(variants("Primary osteoarthritis, unspecified shoulder"))
    assert [each.distance for each in found] == sorted(each.distance for each in found)
    assert len({each.phrase for each in found}) == len(found)


@pytest.mark.parametrize(
    ("one", "other"), [("fractured", "fracture"), ("infection", "infected"), ("allergy", "allergic"), ("spinal", "spine")]
)
def test_relatives_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("arthritis", "arthrosis"), ("nephritis", "nephrosis"), ("foot", "food")])
def test_different_words_do_not_share_a_stem(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_stop_words_have_no_stem() -> None:
    assert stems("Fracture of the hip, and of (a) foot") == stems("fractures hip foot")
