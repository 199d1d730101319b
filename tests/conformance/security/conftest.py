"""One server for all tests of the kit in a process: it needs seconds to load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.security.guarded_site import Site, guarded_site


@pytest.fixture(scope="session")
def running_site(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The server, for the whole run."""
    with guarded_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """The server with nothing before it; what a test puts there is taken away."""
    yield running_site
    running_site.shown = running_site.server
