"""What retrieval may add beside the dictionary."""

from __future__ import annotations

import pytest

from fhir_coder.coding.refinement import admissible
from fhir_coder.model import Assertion, Candidate, Mention, SectionKind
from terminology.codebook import Codebook


def mention(text: str, codes: tuple[str, ...] = (), is_statement: bool = False) -> Mention:
    return Mention("n", 0, len(text), text, SectionKind.ASSESSMENT, 0, len(text), codes, (), is_statement)


@pytest.mark.parametrize(
    ("statement", "known", "offered", "score", "is_kept"),
    [
        ("Hypertension, above goal", ("Hypertension", "I10"), "E11.65", 0.66, False),
        ("depression, PHQ-9 14", ("depression", "F32.A"), "Z13.31", 0.6, False),
        ("Osteoporosis, DEXA T -2.8", ("Osteoporosis", "M81.0"), "Z13.820", 0.6, False),
        ("Anemia, iron studies", ("Anemia", "D64.9"), "D50.9", 0.6, False),
        ("Anemia, iron deficiency", ("Anemia", "D64.9"), "D50.9", 0.6, True),
        ("GOLD 3 disease", None, "Z00.129", 0.5, False),
        ("Asthma, moderate persistent", ("Asthma", "J45.909"), "J45.40", 0.6, True),
        ("Gout quiet, others no change", ("Gout", "M10.9"), "M10.45", 0.5, False),
        ("Primary osteoarthritis, knee, left", ("Primary osteoarthritis", "M19.91"), "M17.12", 0.6, True),
        ("colitis, ulcerative pancolitis, without complications", None, "K51.012", 0.9, False),
        ("colitis, ulcerative pancolitis, without complications", None, "K51.00", 0.9, True),
        ("bipolar disorder, depressed, moderate", None, "F31.4", 0.9, False),
        ("bipolar disorder, depressed, moderate", None, "F31.32", 0.9, True),
        ("laceration left index finger without nail damage", None, "S61.311", 0.9, False),
        ("laceration left index finger without nail damage", None, "S61.211", 0.87, True),
    ],
)
def test_retrieval_beside_the_dictionary(
    codebook: Codebook, statement: str, known: tuple[str, str] | None, offered: str, score: float, is_kept: bool
) -> None:
    candidate = Candidate(0, offered, score, score, score, "retrieval:title:" + offered)
    inside = (mention(known[0], (known[1],)),) if known else ()
    assert bool(admissible([candidate], Assertion(mention(statement, is_statement=True)), inside, codebook)) is is_kept
