from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from index.code_index import CodeIndex

HERE = Path(__file__).parent

PHRASES = (
    ("heel spur right foot", "M77.31"),
    ("calcaneal spur left foot", "M77.32"),
    ("water on the knee", "M25.46"),
    ("fluid in right knee joint", "M25.461"),
    ("right knee osteoarthritis", "M17.11"),
    ("arthritis of left hip", "M16.12"),
    ("sugar diabetes type 2", "E11.9"),
    ("diabetic neuropathy type 2", "E11.40"),
    ("type 2 diabetic kidney disease", "E11.21"),
    ("high blood pressure", "I10"),
    ("acid reflux without esophagitis", "K21.9"),
    ("underactive thyroid", "E03.9"),
    ("carpal tunnel left hand", "G56.02"),
    ("plantar fasciitis", "M72.2"),
    ("kidney stone", "N20.0"),
    ("frozen shoulder right", "M75.01"),
    ("sprained right ankle", "S93.401"),
    ("broken left clavicle", "S42.002"),
    ("pink eye", "H10.9"),
    ("hives", "L50.9"),
    ("shingles", "B02.9"),
    ("enlarged prostate with urinary symptoms", "N40.1"),
    ("anemia from chronic blood loss", "D50.0"),
    ("vitamin D deficient", "E55.9"),
    ("obstructive sleep apnea", "G47.33"),
    ("irregular heartbeat from atrial fibrillation", "I48.91"),
    ("low back pain with sciatica right side", "M54.41"),
    ("morbidly obese", "E66.01"),
    ("generalized anxiety", "F41.1"),
    ("recurrent moderate major depression", "F33.1"),
    ("ADHD inattentive", "F90.0"),
    ("sneezing from pollen", "J30.1"),
    ("strep throat", "J02.0"),
    ("trigger finger right ring finger", "M65.341"),
    ("shortness of breath", "R06.02"),
    ("passing urine often at night", "R35.1"),
    ("former smoker", "Z87.891"),
    ("long term insulin use", "Z79.4"),
)


@pytest.mark.parametrize(("phrase", "code"), PHRASES)
def test_a_clinicians_phrase_offers_its_code(opened: CodeIndex, phrase: str, code: str) -> None:
    """A header that the phrase names is as good: its child follows from the side."""
    (hits,) = opened.search([phrase], 10)
    assert [hit.code for hit in hits if code == hit.code or (code.startswith(hit.code) and len(hit.code) > 4)]


@pytest.mark.parametrize("title", ["Calcaneal spur, right foot", "Essential (primary) hypertension", "Pain in left knee"])
def test_an_exact_title_comes_first_with_a_lexical_score_of_one(opened: CodeIndex, title: str) -> None:
    best = opened.search([title], 5)[0][0]
    assert best.lexical == 1.0
    assert best.source.startswith("title:")
    assert best.score > 0.98


def test_a_search_is_bounded_ordered_and_the_same_in_any_batch(opened: CodeIndex) -> None:
    queries = [phrase for phrase, _ in PHRASES]
    together = opened.search(queries, 7)
    assert together == [opened.search([query], 7)[0] for query in queries]
    for hits in together:
        assert len(hits) == 7
        assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.code))
        assert len({hit.code for hit in hits}) == len(hits)
        assert all(hit.lexical is not None or hit.dense is not None for hit in hits)


@pytest.mark.parametrize("least", [0.0, 0.2, 0.3, 0.45, 0.7, 1.0])
def test_hits_above_a_score_are_those_of_a_whole_search(opened: CodeIndex, least: float) -> None:
    queries = [phrase for phrase, _ in PHRASES] + ["", "..", "qwxyz", "Essential (primary) hypertension"]
    whole = [[hit for hit in hits if hit.score >= least] for hits in opened.search(queries, 4)]
    assert opened.search_above(queries, 4, least) == whole
    assert any(whole) and opened.search_above([], 4, least) == []


def test_queries_without_words_find_nothing_and_keep_their_place(opened: CodeIndex) -> None:
    empty, dots, hits = opened.search(["", " .. ", "htn"], 3)
    assert empty == dots == []
    assert hits[0].code == "I10"
    assert opened.search([], 3) == []


def test_it_knows_its_release(opened: CodeIndex) -> None:
    assert opened.release_id == "2026-04-01"


SERVING = """
import os, select, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from index_excerpt import lexicon, release
from index.open import open_index
index = open_index(Path({folder!r}), release(), lexicon())
queries = ["heel spur right foot", "water on the knee"] * 15
expected = repr(index.search(queries, 5)) + repr(index.find_terms("htn, hives"))
assert "torch" not in sys.modules and "sentence_transformers" not in sys.modules and "transformers" not in sys.modules
children = []
for _ in range(2):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = repr(index.search(queries, 5)) + repr(index.find_terms("htn, hives"))
        os.write(writing, b"same" if answer == expected else b"other")
        os._exit(0)
    children.append((child, reading))
for child, reading in children:
    if not select.select([reading], [], [], 20)[0]:
        os.kill(child, 9)
        sys.exit("a child does not answer")
    assert os.read(reading, 9) == b"same"
    os.waitpid(child, 0)
print("both children answered")
"""


def test_serving_needs_no_torch_and_children_search_after_a_fork(built: Path) -> None:
    script = SERVING.format(here=str(HERE), folder=str(built))
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "both children answered\n", "")
