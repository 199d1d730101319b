"""npm packages in the user's cache, each list of packages in a folder of its own."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import platformdirs

INSTALL_TIMEOUT_S = 300


class NotInstallable(Exception):
    """The packages cannot be had here; the message says why."""


def install_packages(*packages: str) -> Path:
    """A folder with these npm packages (``name@version``) and its ``package.json``, installed on first use; one process does it, others wait."""
    require_programs("node", "npm")
    folder = Path(platformdirs.user_cache_dir("fhir-coder")) / f"npm-{sha256(' '.join(packages).encode()).hexdigest()[:16]}"

    def install() -> None:
        (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
        npm_install(folder, *packages)

    install_once(folder, install)
    return folder


def install_once(folder: Path, install: Callable[[], object]) -> None:
    """Fill a folder that no process has filled; while one does, others wait. One in which that failed is tried again."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            install()
            (folder / "installed").touch()


def require_programs(*programs: str) -> None:
    """Raise NotInstallable for the first that is not there."""
    for program in programs:
        if shutil.which(program) is None:
            raise NotInstallable(f"{program} is not installed")


def npm_install(folder: Path, *packages: str) -> None:
    """Install these packages, or those of the folder's ``package.json``."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=1", *packages]
    try:
        subprocess.run(  # noqa: S603 - npm with packages that we name
            command, cwd=folder, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        raise NotInstallable(f"npm install failed: {error.stderr.strip()[-300:]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotInstallable(f"npm install took longer than {INSTALL_TIMEOUT_S} s") from error
