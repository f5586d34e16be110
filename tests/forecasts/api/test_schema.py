"""The API's documentation agrees with the API."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from rest_framework.test import APIClient

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"
REFERENCE = DOCUMENT.with_name("api.md")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return yaml.safe_load(DOCUMENT.read_text())


def test_openapi_yaml_is_what_the_code_says(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"

    call_command("spectacular", file=str(fresh), validate=True, fail_on_warn=True)

    assert fresh.read_text() == DOCUMENT.read_text(), (
        "Run: .venv/bin/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_schema_is_served_to_everybody(nobody: APIClient, schema: dict[str, Any]) -> None:
    response = nobody.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})

    assert response.status_code == 200
    assert json.loads(response.content)["openapi"] == schema["openapi"] == "3.1.0"
    assert json.loads(response.content)["paths"].keys() == schema["paths"].keys()


def test_docs_page_keeps_the_strict_policy(nobody: APIClient) -> None:
    response = nobody.get("/api/v1/docs/")

    page = response.content.decode()
    assert response.status_code == 200
    directives = [one.strip() for one in response["Content-Security-Policy"].split(";")]
    assert "script-src 'self'" in directives
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") == 3
    assert nobody.get("/api/v1/docs/?script=").status_code == 200


def test_every_operation_names_its_errors_in_one_shape(schema: dict[str, Any]) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    operations = [one for path in schema["paths"].values() for one in path.values()]

    shapes = [
        answer["content"]["application/json"]["schema"]
        for one in operations
        for code, answer in one["responses"].items()
        if code >= "400"
    ]

    assert len(shapes) >= 4 * len(operations)
    assert shapes == [problem] * len(shapes)


def test_the_reference_names_every_operation_of_this_api(schema: dict[str, Any]) -> None:
    text = REFERENCE.read_text()

    missing = [
        f"{method.upper()} {path}"
        for path, methods in schema["paths"].items()
        for method in methods
        if f"`{method.upper()} {path.removeprefix('/api/v1/')}" not in text
    ]

    assert missing == []


def test_the_example_of_a_forecast_has_the_fields_of_a_forecast(schema: dict[str, Any]) -> None:
    answer = schema["paths"]["/api/v1/forecasts/{id}/"]["get"]["responses"]["200"]
    (example,) = answer["content"]["application/json"]["examples"].values()

    forecast = schema["components"]["schemas"]["Forecast"]

    assert example["value"].keys() == forecast["properties"].keys()
