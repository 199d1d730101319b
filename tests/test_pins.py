"""What is deployed is pinned, with hashes: ``requirements.lock`` holds every dependency but torch, and no address of where it was made."""

from __future__ import annotations

import re
from configparser import ConfigParser
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.each import for_each

ROOT = Path(__file__).resolve().parents[1]
APART = "torch"
"""Installed before the rest: see ``tools/torch_apart.txt``."""
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = {canonicalize_name(one["name"]): one["version"] for one in PIN.finditer(LOCK)}


@cache
def declared() -> dict[str, Requirement]:
    """What setup.cfg asks for in a deployment: the server, PostgreSQL, and what tells workers of jobs."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = [setup["options.extras_require"][name] for name in ("postgresql", "celery", "redis")]
    lines = [line for wanted in (setup["options"]["install_requires"], *extras) for line in wanted.splitlines()]
    return {canonicalize_name(one.name): one for one in map(Requirement, filter(None, map(str.strip, lines)))}


@for_each("name", sorted(set(declared()) - {APART}))
def test_a_dependency_is_pinned_to_a_version_that_fits(name: str) -> None:
    assert name in PINS, f"{name} is not in requirements.lock: make lock"
    assert declared()[name].specifier.contains(PINS[name], prereleases=True)


def test_torch_is_installed_apart() -> None:
    assert APART in declared()
    assert APART not in PINS
    assert [name for name in PINS if name.startswith(("nvidia-", "triton", "cuda-"))] == []


def test_every_line_of_the_lock_is_a_pin_with_hashes_or_a_comment() -> None:
    rest = [line for line in PIN.sub("", LOCK).splitlines() if line and not line.lstrip().startswith("#")]
    assert rest == []
    assert len(PINS) == len(re.findall(r"^[a-z]", LOCK, re.MULTILINE)) > len(declared())


def test_the_lock_names_no_package_host() -> None:
    """Hashes say what is installed; from where is for the site to say."""
    assert re.findall(r"://|--(?:extra-)?index|--find-links|--trusted-host|@ ", LOCK) == []


def needed_by(name: str) -> set[str]:
    """What the installed distribution of that version asks for on this platform, the extras that other pins ask for included."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return set()
    if found.version != PINS[name]:
        return set()
    wanted = map(Requirement, found.requires or ())
    extras = {"binary"} if name == "psycopg" else set()
    return {
        canonicalize_name(one.name)
        for one in wanted
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


@for_each("name", sorted(PINS))
def test_what_a_pinned_package_needs_is_pinned_too(name: str) -> None:
    """So that ``pip install --no-deps`` leaves nothing out. A package that is installed here in another version is passed over."""
    assert needed_by(name) - set(PINS) <= {APART}


def test_the_security_rules_are_off_in_tests_alone() -> None:
    """ruff's flake8-bandit rules hold everywhere else, and a finding is justified on its own line with its number."""
    lint = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"S"' in lint.split("select = ")[1].split("\n")[0]
    assert re.findall(r'"S\d*"', lint.split("\nignore = ")[1].split("\n")[0]) == []
    assert re.findall(r'^"([^"]+)" = \[.*"S\d*"', lint, re.MULTILINE) == ["tests/**"]


@pytest.mark.parametrize("package", ["fhir_coder", "terminology", "index", "benchmarks", "tools"])
def test_no_finding_is_silenced_without_its_number_and_a_reason(package: str) -> None:
    silenced = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"#\s*(?:ruff:\s*)?noqa(?!: [A-Z]+\d+)", line) or re.search(r"# noqa: S\d+(?:, ?[A-Z]+\d+)*(?! - \w)(?!\d|,)", line)
    ]
    assert silenced == []
