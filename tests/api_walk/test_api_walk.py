"""The newcomer's walk with a token and nothing but an HTTP client, on the running site."""

import csv
import io
from uuid import uuid4

from tests.sessions import new_york_sessions
from tests.site import Person, Site

LAST = "2013-03-01"


def test_the_walk(ada: Person) -> None:
    (found,) = ada.call("GET", "instruments/?q=apple").json["results"]
    made = ada.call("POST", "watchlists/", {"name": "Technology"})
    assert made.status == 201
    filled = ada.call("POST", f"watchlists/{made.json['id']}/symbols/", {"symbol": found["symbol"]})
    assert filled.status == 201
    asked = ada.call("POST", "forecasts/", {"symbol": "SAMPLE:AAPL"})
    assert asked.status == 202
    assert asked.headers["Location"].endswith(f"/api/v1/forecasts/{asked.json['id']}/")

    forecast = ada.wait_for(asked.json["id"])

    assert (forecast["status"], forecast["error"], forecast["progress"]) == ("succeeded", None, 1.0)
    assert (forecast["method"], forecast["horizon"]) == ("fine-tuned", 20)
    assert (forecast["as_of"], forecast["data_as_of"], forecast["in_sample"]) == (LAST, LAST, False)
    assert [point["step"] for point in forecast["points"]] == list(range(1, 21))
    assert len(forecast["naive_points"]) == 20
    sessions = sorted(day for day in new_york_sessions() if day > LAST)
    assert [point["date"] for point in forecast["points"]] == sessions[:20]


def test_what_a_forecast_says(ada: Person) -> None:
    forecast = ada.wait_for(ada.ask("SAMPLE:IBM", "house", horizon=5))

    for point in forecast["points"] + forecast["naive_points"]:
        assert len(point["quantiles"]) == len(forecast["levels"]) == 17
        assert point["quantiles"] == sorted(point["quantiles"])
        assert point["median"] == point["quantiles"][8] > 0
    evaluation = forecast["evaluation"]
    assert evaluation["origins"] == 250
    assert evaluation["to"] < LAST
    assert {row["step"] for row in evaluation["metrics"]} >= {1, 5, 10, 20}
    assert forecast["verdict"]
    assert forecast["model"]["trained_until"] < evaluation["from"]


def test_chart_and_export(ada: Person) -> None:
    request = ada.ask("SAMPLE:IBM", "house", horizon=6)
    forecast = ada.wait_for(request, "succeeded")

    figure = ada.call("GET", f"forecasts/{request}/chart/").json
    table = list(csv.DictReader(io.StringIO(ada.call("GET", f"forecasts/{request}/export/?as=csv").text)))
    copy = ada.call("GET", f"forecasts/{request}/export/?as=json").json

    shown, other = ("Model", "Naive")[:: 1 if forecast["shown"] == "model" else -1]
    names = {trace["name"] for trace in figure["data"]}
    assert {"History", f"{shown} median", f"{shown} 95 %", f"{other} 80 %"} <= names
    days = {str(day)[:10] for trace in figure["data"] for day in trace["x"]}
    assert days <= new_york_sessions()
    assert {row["date"] for row in table} == {point["date"] for point in forecast["points"]}
    assert copy["points"] == forecast["points"]


def test_forecasts_of_a_watchlist(ada: Person) -> None:
    watchlist = ada.call("POST", "watchlists/", {"name": "Mixed"}).json["id"]
    for symbol in ("SAMPLE:IBM", "SAMPLE:FB"):
        ada.call("POST", f"watchlists/{watchlist}/symbols/", {"symbol": symbol})

    answer = ada.call("POST", f"watchlists/{watchlist}/forecasts/", {"method": "house", "horizon": 7})

    assert answer.status == 202
    (asked,) = answer.json["forecasts"]
    assert ada.wait_for(asked["id"])["status"] == "succeeded"
    assert "SAMPLE:FB has 196" in answer.text


def test_the_same_idempotency_key_is_the_same_forecast(ada: Person) -> None:
    body = {"symbol": "SAMPLE:MSFT", "method": "house", "horizon": 8}
    key = {"Idempotency-Key": str(uuid4())}

    first, again = (ada.call("POST", "forecasts/", body, **key) for _ in range(2))

    assert first.json["id"] == again.json["id"]
    assert ada.call("POST", "forecasts/", body | {"horizon": 9}, **key).status == 422


def test_what_is_somebody_elses_is_not_there(ada: Person, bob: Person) -> None:
    forecast = ada.ask("SAMPLE:IBM", "house", horizon=10)
    ada.wait_for(forecast, "succeeded")
    watchlist = ada.call("POST", "watchlists/", {"name": "Mine"}).json["id"]
    (token, *_) = ada.call("GET", "tokens/").json["results"]
    calls = [
        *[("GET", f"forecasts/{forecast}/{part}", None) for part in ("", "chart/", "export/?as=csv")],
        ("POST", f"forecasts/{forecast}/cancel/", None),
        ("DELETE", f"forecasts/{forecast}/", None),
        ("GET", f"watchlists/{watchlist}/", None),
        ("PATCH", f"watchlists/{watchlist}/", {"name": "His"}),
        ("POST", f"watchlists/{watchlist}/symbols/", {"symbol": "SAMPLE:IBM"}),
        ("DELETE", f"watchlists/{watchlist}/symbols/SAMPLE:IBM/", None),
        ("POST", f"watchlists/{watchlist}/forecasts/", {}),
        ("DELETE", f"watchlists/{watchlist}/", None),
        ("DELETE", f"tokens/{token['id']}/", None),
    ]

    assert {call[:2]: bob.call(*call).status for call in calls} == {call[:2]: 404 for call in calls}
    assert ada.forecast(forecast)["status"] == "succeeded"
    assert ada.call("GET", f"watchlists/{watchlist}/").json["name"] == "Mine"


def test_without_a_token(site: Site) -> None:
    one = uuid4()
    calls = [("GET", name) for name in ("me/", "tokens/", "instruments/", "watchlists/", "forecasts/")]
    calls += [("GET", "instruments/SAMPLE:IBM/"), ("GET", "instruments/SAMPLE:IBM/bars/")]
    calls += [("POST", "forecasts/"), ("POST", "watchlists/"), ("POST", "tokens/")]
    calls += [
        ("GET", f"forecasts/{one}/"),
        ("POST", f"forecasts/{one}/cancel/"),
        ("DELETE", f"tokens/{one}/"),
    ]

    assert {call: site.call(*call).status for call in calls} == dict.fromkeys(calls, 401)


def test_a_token_that_is_none(site: Site) -> None:
    answer = site.call("GET", "forecasts/", Authorization=f"Token {'0' * 64}")

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Token")
