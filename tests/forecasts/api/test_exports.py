"""The figure and the table of a forecast."""

import csv
import io

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from forecasts.api.exports import plain_text
from forecasts.models import LEVELS, ForecastRequest
from tests.factories import ForecastRequestFactory, bars


@pytest.fixture
def done(user: User) -> ForecastRequest:
    request = ForecastRequestFactory(
        owner=user,
        forecast__succeeded=True,
        forecast__horizon=3,
        forecast__instrument__symbol="SAMPLE:AAPL",
    )
    bars(request.forecast.instrument, count=5)
    return request


def at(request: ForecastRequest, rest: str = "") -> str:
    return f"/api/v1/forecasts/{request.pk}/{rest}"


def test_csv_has_a_line_for_each_series_and_step(api: APIClient, done: ForecastRequest) -> None:
    response = api.get(at(done, "export/?as=csv"))
    points = api.get(at(done)).json()["points"]

    rows = list(csv.DictReader(io.StringIO(response.content.decode())))

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="SAMPLE-AAPL-2013-03-01-house.csv"'
    assert [(row["series"], row["step"]) for row in rows] == [
        (series, step) for series in ("model", "naive") for step in "123"
    ]
    assert {row["symbol"] for row in rows} == {"SAMPLE:AAPL"}
    assert [float(rows[0][f"q{level:g}"]) for level in LEVELS] == points[0]["quantiles"]
    assert (rows[0]["date"], rows[0]["last_close"], rows[0]["actual"]) == ("2013-03-04", "100.0", "")


def test_csv_is_what_one_gets_without_saying(api: APIClient, done: ForecastRequest) -> None:
    assert api.get(at(done, "export/")).content == api.get(at(done, "export/?as=csv")).content


@pytest.mark.parametrize("accept", ["text/csv", "text/html", "*/*"])
def test_the_address_and_not_the_accept_header_says_what_comes(
    api: APIClient, done: ForecastRequest, accept: str
) -> None:
    response = api.get(at(done, "export/?as=csv"), headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")


def test_json_is_the_forecast_itself(api: APIClient, done: ForecastRequest) -> None:
    response = api.get(at(done, "export/?as=json"))

    assert response.json() == api.get(at(done)).json()
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="SAMPLE-AAPL-2013-03-01-house.json"'


def test_another_kind_of_file_is_refused(api: APIClient, done: ForecastRequest) -> None:
    response = api.get(at(done, "export/?as=xlsx"), headers={"Accept": "text/csv"})

    assert response.status_code == 400
    assert response.json() == {
        "type": "validation_error",
        "errors": [
            {
                "code": "invalid_choice",
                "detail": "There is no export as xlsx. Choose csv or json.",
                "attr": "as",
            }
        ],
    }


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("SAMPLE:AAPL", "SAMPLE:AAPL"),
        ("^GSPC", "^GSPC"),
        ("=1+1", "'=1+1"),
        ("+A", "'+A"),
        ("-A", "'-A"),
        ("@A", "'@A"),
        ("\tA", "'\tA"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert plain_text(text) == cell


def test_chart_is_a_plotly_figure_from_the_last_bars_to_the_last_step(
    api: APIClient, done: ForecastRequest
) -> None:
    figure = api.get(at(done, "chart/")).json()

    days = {day for trace in figure["data"] for day in trace["x"]}
    assert set(figure) == {"data", "layout"}
    assert (min(days), max(days)) == ("2013-02-25", "2013-03-06")


@pytest.mark.parametrize("rest", ["chart/", "export/?as=csv", "export/?as=json"])
@pytest.mark.parametrize(
    ("trait", "ending"),
    [("running", "Wait until it has succeeded."), ("failed", "Ask for a new one.")],
)
def test_what_has_not_succeeded_is_a_conflict(
    api: APIClient, user: User, rest: str, trait: str, ending: str
) -> None:
    request = ForecastRequestFactory(owner=user, **{f"forecast__{trait}": True})

    response = api.get(at(request, rest))

    assert response.status_code == 409
    (error,) = response.json()["errors"]
    assert error["code"] == "conflict"
    assert error["detail"].endswith(ending)
