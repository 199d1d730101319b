"""``docker/``: its scripts are run without Docker, its files are held against what they are for. Images are not built here."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from fhir_coder.pooling import request_threads, server_pool, session_pool, worker_pool
from fhir_coder.settings import SETTINGS, Settings
from fhir_coder.store.cipher import Cipher
from tests.running.processes import call, free_port, is_ready, until

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
SCRIPTS = sorted(DOCKER.glob("*.sh"))
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
NGINX = (DOCKER / "nginx.conf").read_text(encoding="utf-8")
KNOWN = {setting.variable for setting in SETTINGS}


def compose() -> dict[str, Any]:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))


def settings_of(service: str) -> Settings:
    """What a service is set to, secrets but for the tables of tenants left out."""
    given = {"PUBLIC_URL": "https://coder.example"}
    values = {name: re.sub(r"\$\{(\w+)(?::[^}]*)?\}", lambda m: given.get(m[1], ""), value) for name, value in environment(service).items()}
    return Settings.from_environment({name: value for name, value in values.items() if name.startswith("FHIR_CODER_")})


def environment(service: str) -> dict[str, str]:
    return compose()["services"][service]["environment"]


# ------------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("path", sorted(path for path in DOCKER.iterdir() if path.is_file()), ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"\bfhir_coder_[a-z_]+|\bFHIR_CODER_[A-Z_]+", path.read_text(encoding="utf-8"))
    assert {name.upper() for name in named} - {"FHIR_CODER_"} <= KNOWN


def test_the_compose_file_is_one_by_the_specification() -> None:
    """By its JSON schema, which comes with a notice of where it is from."""
    schema = json.loads((ROOT / "tests/running/compose_spec.json").read_text(encoding="utf-8"))
    assert [error.message for error in Draft7Validator(schema).iter_errors(compose())] == []
    wrong = compose()
    wrong["services"]["web"]["restrat"] = "always"
    assert list(Draft7Validator(schema).iter_errors(wrong)) != []


def test_what_a_service_waits_for_is_there_and_can_be_waited_for() -> None:
    services = compose()["services"]
    for service in services.values():
        for name, wanted in service.get("depends_on", {}).items():
            checks = services[name].get("healthcheck", {"image": "fhir-coder"} if services[name]["image"] == "fhir-coder" else {})
            assert wanted["condition"] == ("service_completed_successfully" if name == "prepare" else "service_healthy")
            assert name == "prepare" or (checks and not checks.get("disable"))
    assert "\nHEALTHCHECK " in DOCKERFILE  # of the services without one of their own


def test_networks_volumes_and_secrets_are_declared_and_used() -> None:
    whole = compose()
    services = whole["services"].values()
    assert {name for one in services for name in one["networks"]} == set(whole["networks"])
    assert {name for one in services for name in one.get("secrets", ())} == set(whole["secrets"])
    named = {volume.partition(":")[0] for one in services for volume in one.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(whole["volumes"])
    assert all(((DOCKER / name).is_file()) for name in named if name.startswith("."))
    assert whole["networks"]["inside"] == {"internal": True}
    assert whole["services"]["nginx"]["networks"] == ["edge"]


def test_long_running_services_restart_and_are_bounded() -> None:
    for name, service in compose()["services"].items():
        if service["restart"] == "no":
            continue
        limits = service["deploy"]["resources"]["limits"]
        assert service["restart"] == "unless-stopped" and limits["cpus"] and limits["memory"], name


def test_the_settings_of_the_services_can_be_read_and_fit_together() -> None:
    web, worker = settings_of("web"), settings_of("worker")
    assert web == worker
    assert web.metrics_address is not None and environment("worker")["HEALTH_URL"].endswith(f":{web.metrics_address.port}/metrics")
    assert f"client_max_body_size {web.max_body_bytes};" in NGINX
    command = compose()["services"]["postgres"]["command"]
    locks = web.threads + web.job_threads
    processes = int(compose()["services"]["worker"]["command"][-1])
    needed = (
        web.workers * (server_pool(web).most + session_pool(web).most + locks) + processes * (worker_pool().most + 1) + worker_pool().most
    )
    assert int(command[-1].partition("=")[2]) > needed
    assert request_threads(web) * web.workers > 0


def test_no_secret_lies_in_the_image_or_in_the_compose_file() -> None:
    assert not re.search(r"(?i)(?:ENV|ARG)\b[^\n]*(?:PASSWORD|_KEY|TOKEN|SECRET)", DOCKERFILE)
    for service in compose()["services"].values():
        secret = re.compile(r"PASSWORD$|_KEY$|DATABASE_URL$|TENANTS$")
        assert not [name for name in service.get("environment", {}) if secret.search(name)]
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "docker/secrets" in (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()


def test_the_image_serves_without_root_and_without_torch() -> None:
    *_, serving = DOCKERFILE.split("\nFROM ")
    assert re.search(r"^USER 10001$", serving, re.MULTILINE) and "torch" not in serving
    assert DOCKERFILE.count("\nFROM ") == 3


def test_torch_is_the_one_of_the_makefile() -> None:
    (wanted,) = re.findall(r"torch==([\d.]+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert f"\nversion={wanted}\n" in (DOCKER / "install-torch.sh").read_text(encoding="utf-8")


def test_what_the_image_is_made_of_is_there_and_sent_to_the_build() -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists() and f"!{source.partition('/')[0]}" in ignored, source
    for script in re.findall(r"/docker/([\w.-]+\.(?:sh|py))", DOCKERFILE):
        assert (DOCKER / script).is_file()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_and_read(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert "set -eu" in script.read_text(encoding="utf-8")


def test_the_documentation_says_that_images_are_not_built_here() -> None:
    assert "no test of this project builds the images" in " ".join((ROOT / "docs/deploying.md").read_text(encoding="utf-8").split())


# ------------------------------------------------------------------------------------------------------------------- steps


def run(script: str, *arguments: object, **variables: object) -> subprocess.CompletedProcess[str]:
    known = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    given = known | {name: str(value) for name, value in variables.items()}
    return subprocess.run(
        [str(DOCKER / script), *map(str, arguments)], env=given, capture_output=True, text=True, timeout=300, check=False, cwd="/"
    )


@pytest.fixture(scope="module")
def image(built: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of the image, made by its scripts: an environment, and the seed of a data folder.

    Installing every package takes minutes: those of this environment are shared, and the locks are empty. The index is there, and found to be current.
    """
    folder = tmp_path_factory.mktemp("image")
    source, scripts = folder / "source", folder / "docker"
    for name in ("fhir_coder", "terminology", "index"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(DOCKER, scripts)
    for lock in (source / "requirements.lock", scripts / "build.lock"):
        lock.write_text("# nothing\n", encoding="utf-8")
    shared = {
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
    }
    seed, data = folder / "seed", Settings.from_environment().data
    for name in ("releases", "index"):
        shutil.copytree(data / name, seed / name)
    (seed / "rates.sqlite").write_text("left behind by the build", encoding="utf-8")
    for command in (
        [scripts / "install.sh", folder / "prefix", source],
        [scripts / "build-index.sh", folder / "prefix", seed],
    ):
        done = subprocess.run(list(map(str, command)), env=shared, capture_output=True, text=True, timeout=300, check=False, cwd="/")
        assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_the_seed_is_release_and_index_alone(image: Path) -> None:
    assert {path.name for path in (image / "seed").iterdir()} == {"releases", "index"}


@pytest.fixture
def container(image: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a process in a container, with its secrets."""
    secrets = tmp_path / "secrets"
    done = run("make-secrets.sh", secrets)
    assert done.returncode == 0 and "certificate" in done.stderr
    (secrets / "fhir_coder_database_url").write_text(f"sqlite:///{tmp_path / 'data' / 'store.sqlite'}", encoding="utf-8")
    yield {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": sysconfig.get_path("purelib"),
        "PREFIX": str(image / "prefix"),
        "SEED": str(image / "seed"),
        "SECRETS": str(secrets),
        "FHIR_CODER_DATA": str(tmp_path / "data"),
    }


def test_a_container_starts_from_the_wheel_with_its_secrets_and_is_healthy(container: dict[str, str]) -> None:
    entrypoint, data, port = str(DOCKER / "entrypoint.sh"), Path(container["FHIR_CODER_DATA"]), free_port()
    subprocess.run([entrypoint, "prepare"], env=container, check=True, timeout=60)
    health = container | {"HEALTH_URL": f"http://127.0.0.1:{port}/health/ready"}
    assert subprocess.run([sys.executable, str(DOCKER / "health.py")], env=health, check=False, timeout=20).returncode == 1
    with subprocess.Popen([entrypoint, "serve", "--port", str(port)], env=container, stderr=subprocess.DEVNULL, cwd="/") as served:
        try:
            until(lambda: is_ready(port) or served.poll() is not None)
            assert subprocess.run([sys.executable, str(DOCKER / "health.py")], env=health, check=False, timeout=20).returncode == 0
            assert "mode" not in json.loads(call(port, "GET", "/version")[2])
            assert call(port, "GET", "/fhir/metadata")[0] == 200
        finally:
            served.terminate()
            assert served.wait(60) == 0
    assert (data / "store.sqlite").is_file()


def test_data_that_are_current_stay_and_others_are_replaced_whole(container: dict[str, str]) -> None:
    entrypoint, data = str(DOCKER / "entrypoint.sh"), Path(container["FHIR_CODER_DATA"])
    (data / "index" / "of-the-site").mkdir(parents=True)
    subprocess.run([entrypoint, "prepare"], env=container, check=True, timeout=60)
    (index,) = (path for path in (data / "index").iterdir() if path.name[0].isdigit())
    before = index.stat().st_ino
    subprocess.run([entrypoint, "prepare"], env=container, check=True, timeout=60)
    assert index.stat().st_ino == before
    (index / "manifest.json").write_text("{}", encoding="utf-8")
    subprocess.run([entrypoint, "prepare"], env=container, check=True, timeout=60)
    assert index.stat().st_ino != before and len((index / "manifest.json").read_text(encoding="utf-8")) > 2
    assert {path.name for path in (data / "index").iterdir()} == {index.name, "of-the-site"}


def test_a_secret_that_is_no_setting_is_refused(container: dict[str, str]) -> None:
    entrypoint = str(DOCKER / "entrypoint.sh")
    (Path(container["SECRETS"]) / "fhir_coder_kee").write_text("x", encoding="utf-8")
    done = subprocess.run(
        [entrypoint, "sessions", "count"], env=container, capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )
    assert done.returncode == 2 and "FHIR_CODER_KEE" in done.stderr
    (Path(container["SECRETS"]) / "fhir_coder_kee").rename(Path(container["SECRETS"]) / "fhir_coder_key;x")
    done = subprocess.run(
        [entrypoint, "sessions", "count"], env=container, capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )
    assert done.returncode == 2 and "not the name of a setting" in done.stderr


def test_secrets_are_drawn_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert run("make-secrets.sh", folder).returncode == 0
    first = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert run("make-secrets.sh", folder).returncode == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == first
    assert set(first) == {name for name in compose()["secrets"] if not name.startswith("certificate")}
    assert Cipher(first["fhir_coder_key"].strip()).has_key
    assert len(first["postgres_password"]) == 64 and f":{first['postgres_password']}@postgres/" in first["fhir_coder_database_url"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
