"""What stays is loaded without collection, and the collector is left as it was found."""

from __future__ import annotations

import gc

import pytest

from fhir_coder.long_lived import keep_for_good, uncollected


def test_no_collection_while_loading_and_then_as_before() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_failed_load_leaves_the_collector_at_work() -> None:
    with pytest.raises(ValueError, match="damaged"), uncollected():
        raise ValueError("damaged")
    assert gc.isenabled()


def test_what_is_kept_for_good_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    keep_for_good()
    assert gc.get_freeze_count() > before
