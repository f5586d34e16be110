"""What cannot be asked is refused at once, with a sentence that says what to do, and nothing stays."""

from typing import Any

import pytest

from tests.site import Person, Site

AAPL = "SAMPLE:AAPL"
TABLES = ("forecast", "forecastrequest", "instrument", "evaluation", "pricebar")
REFUSED: list[tuple[Any, str, str]] = [
    ({"symbol": "SAMPLE:NOPE"}, "symbol", "SAMPLE:AAPL"),
    ({"symbol": "UPLOAD:NOPE"}, "symbol", "UPLOAD:NOPE"),
    ({"symbol": "not a symbol"}, "symbol", "MSFT"),
    ({"symbol": ""}, "symbol", "Give a symbol"),
    ({"symbol": None}, "symbol", "Give a symbol"),
    ({"symbol": AAPL, "horizon": 0}, "horizon", "from 1 to 60"),
    ({"symbol": AAPL, "horizon": 61}, "horizon", "from 1 to 60"),
    ({"symbol": AAPL, "horizon": "soon"}, "horizon", "from 1 to 60"),
    ({"symbol": "SAMPLE:FB"}, "method", "needs 500 sessions"),
    ({"symbol": AAPL, "as_of": "2000-06-30", "method": "house"}, "method", "needs 250 sessions"),
    ({"symbol": AAPL, "as_of": "1999-12-31"}, "as_of", "Choose a later day"),
    ({"symbol": AAPL, "as_of": "2013-03-02"}, "as_of", "Choose that day or an earlier one"),
    ({"symbol": AAPL, "as_of": "someday"}, "as_of", "Give as_of as a date"),
    ({"symbol": AAPL, "method": "magic"}, "method", "Choose one of fine-tuned, house, from-scratch"),
    ({"symbol": AAPL, "horizons": 5}, "horizons", "Choose from: symbol, horizon, method, as_of"),
    ({}, "non_field_errors", "for example"),
    ([], "non_field_errors", "for example"),
    (None, "non_field_errors", "for example"),
]


def counts(site: Site) -> dict[str, int]:
    return {table: site.query(f"SELECT count(*) FROM forecasts_{table}")[0][0] for table in TABLES}


@pytest.mark.parametrize(("body", "field", "words"), REFUSED, ids=[str(row[0]) for row in REFUSED])
def test_refused(site: Site, ada: Person, body: object, field: str, words: str) -> None:
    before = counts(site)

    answer = ada.call("POST", "forecasts/", body)

    assert answer.status == 400
    (error,) = answer.json["errors"]
    assert error["attr"] in (field, None) if field == "non_field_errors" else error["attr"] == field
    assert words in error["detail"]
    assert error["detail"].endswith(".")
    assert counts(site) == before


def test_what_is_not_json(site: Site, ada: Person) -> None:
    before = counts(site)

    answer = ada.call("POST", "forecasts/", "a text")

    assert (answer.status, counts(site)) == (400, before)
