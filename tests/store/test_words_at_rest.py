"""No word of a note stands readable in the database's own files."""

from pathlib import Path

import pytest

from fhir_coder.store.start import open_stores
from tests.store.conftest import KEY, MARKER, coding_result


@pytest.mark.parametrize("key", [KEY, ""])
def test_the_files_hold_no_words(tmp_path: Path, key: str) -> None:
    store = open_stores(f"sqlite:///{tmp_path / 'data' / 'store.sqlite'}", key).repository
    store.save("default", "", coding_result())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert b"R05.9" in content
    for word in (MARKER, "syndrome"):
        assert word.lower().encode() not in content.lower()
        assert word.lower().encode("utf-16-le") not in content.lower()
    store.close()
