"""What goes wrong has one shape, whatever it is."""

import pytest
from django.urls import reverse
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from forecasts.api.errors import as_api_error
from forecasts.errors import RequestRefused

FORECASTS = "/api/v1/forecasts/"


def problem(kind: str, code: str, detail: str, attr: str | None = None) -> dict[str, object]:
    return {"type": kind, "errors": [{"code": code, "detail": detail, "attr": attr}]}


def test_malformed_json_is_400(api: APIClient) -> None:
    response = api.post(FORECASTS, '{"symbol": ', content_type="application/json")

    assert response.status_code == 400
    assert (response.json()["type"], response.json()["errors"][0]["code"]) == ("client_error", "parse_error")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_json_does_not_have_are_400(api: APIClient, number: str) -> None:
    body = f'{{"symbol": "SAMPLE:AAPL", "horizon": {number}}}'

    assert api.post(FORECASTS, body, content_type="application/json").status_code == 400


def test_another_content_type_is_415(api: APIClient) -> None:
    response = api.post(FORECASTS, "symbol=SAMPLE:AAPL", content_type="application/x-www-form-urlencoded")

    assert response.status_code == 415
    assert response.json() == problem(
        "client_error",
        "unsupported_media_type",
        'Unsupported media type "application/x-www-form-urlencoded" in request.',
    )


def test_another_method_is_405(api: APIClient) -> None:
    response = api.put(FORECASTS, {})

    assert response.status_code == 405
    assert response.json() == problem("client_error", "method_not_allowed", 'Method "PUT" not allowed.')


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_without_its_slash_says_so(api: APIClient, method: str) -> None:
    response = getattr(api, method)("/api/v1/forecasts")

    assert response.status_code == 404
    assert response.json() == problem(
        "client_error",
        "not_found",
        "There is nothing at /api/v1/forecasts. "
        "Addresses of the API end with a slash: try /api/v1/forecasts/",
    )


@pytest.mark.parametrize("address", ["/api/v1/", "/api/v1/nothing/", "/api/v1/forecasts/not-a-uuid/"])
def test_an_address_with_nothing_there_is_404(nobody: APIClient, address: str) -> None:
    response = nobody.get(address)

    assert response.status_code == 404
    assert response.json() == problem("client_error", "not_found", f"There is nothing at {address}.")


def test_who_asks_too_often_is_told_when_to_come_back(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda _: "2/min")

    codes = [api.get(FORECASTS).status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert 0 < int(api.get(FORECASTS)["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (RequestRefused("No.", field="symbol"), 400),
        (RequestRefused("No.", code="already_finished"), 409),
        (RequestRefused("No.", code="idempotency_key_reused", field="idempotency_key"), 422),
        (RequestRefused("No.", code="busy"), 503),
    ],
)
def test_a_refusal_has_the_status_of_its_code(refusal: RequestRefused, status: int) -> None:
    assert as_api_error(refusal).status_code == status


def test_addresses_can_be_named() -> None:
    assert reverse("api:instrument-bars", args=["SAMPLE:AAPL"]) == "/api/v1/instruments/SAMPLE:AAPL/bars/"
