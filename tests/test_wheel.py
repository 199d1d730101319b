"""The built wheel, installed elsewhere, runs the demo: all data files are packaged."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import shipped_ranker
from terminology.knowledge import knowledge_files

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with our wheel and, by a path file, the libraries of this environment (installing them again would take minutes)."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns(".venv", ".data", ".git", "build", "*.egg-info", "__pycache__", "node_modules")
    shutil.copytree(ROOT, source, ignore=ignored)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True, timeout=180)
    venv.create(folder / "env", with_pip=True)
    python = folder / "env" / "bin" / "python"
    wheel = next(folder.glob("fhir_coder-*.whl"))
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)], check=True, capture_output=True, timeout=180)
    libraries = sysconfig.get_path("purelib")
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    )
    # addsitedir would run this environment's own .pth files and find the checkout; a plain path after the wheel's does not.
    (Path(site.stdout.strip()) / "libraries.pth").write_text(libraries + "\n", encoding="utf-8")
    return python


def test_the_demo_runs_from_the_wheel(built: None, python: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(os.environ["FHIR_CODER_DATA"], data, ignore=shutil.ignore_patterns("*.sqlite*"))
    environment = {"PATH": os.environ["PATH"], "FHIR_CODER_DATA": str(data), "HOME": str(tmp_path)}
    where = subprocess.run(
        [str(python), "-c", "import fhir_coder; print(fhir_coder.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=True,
    )
    assert str(ROOT) not in where.stdout
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    demo = [str(python), "-m", "fhir_coder", "demo", "--port", str(port)]
    done = subprocess.run(demo, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "E11.22" in done.stdout
    assert "201 Created" in done.stdout


def test_all_knowledge_and_every_ranker_are_packaged(python: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from fhir_coder.coding.ranker import shipped_ranker\n"
        "from terminology.knowledge import knowledge_files\n"
        "print(*knowledge_files(), sep='\\n')\n"
        "print(*(shipped_ranker(name).version for name in sys.argv[1:]), sep='\\n')"
    )
    done = subprocess.run(
        [str(python), "-c", program, *POLICIES], capture_output=True, text=True, cwd=tmp_path, env={"HOME": str(tmp_path)}, check=True
    )
    assert done.stdout.split() == [*knowledge_files(), *(shipped_ranker(name).version for name in POLICIES)]
    assert "fhir_coder/coding/case_reports/phrases.tsv" in done.stdout
