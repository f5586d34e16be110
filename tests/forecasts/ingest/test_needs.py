"""What a forecast waits for: prices of its day, looked for seldom, and those that are stored if need be."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from forecasts import ingest
from forecasts.errors import ForecastFailed
from forecasts.models import Instrument
from tests.factories import ForecastFactory, bars
from tests.forecasts.acme import NEW, OLD, SESSIONS, as_if_long_ago, listing, register
from tests.yahoo_server import YahooServer

pytestmark = pytest.mark.django_db


def test_a_forecast_does_with_what_is_stored_when_the_source_fails(yahoo: YahooServer) -> None:
    acme = register()
    stored = bars(acme, count=300, last=date(2024, 5, 31))
    yahoo.trouble = "server error"

    ingest.ensure_history(ForecastFactory(instrument=acme, as_of=date(2024, 6, 3)))

    assert acme.bars.count() == len(stored)


@pytest.mark.parametrize(("trouble", "code"), [(None, "unknown_symbol"), ("silence", "source_unreachable")])
def test_a_forecast_of_what_nobody_has_fails_with_a_remedy(
    yahoo: YahooServer, trouble: str | None, code: str
) -> None:
    yahoo.trouble = trouble
    forecast = ForecastFactory(instrument=register("NOSUCH"), as_of=OLD[-1])

    with pytest.raises(ForecastFailed) as caught:
        ingest.ensure_history(forecast)

    assert caught.value.code == code
    assert "try SAMPLE:AAPL" in caught.value.remedy


def test_a_forecast_of_a_young_listing_says_how_much_it_lacks(acme: Instrument) -> None:
    with pytest.raises(ForecastFailed) as caught:
        ingest.ensure_history(ForecastFactory(instrument=acme, as_of=OLD[-1]))

    assert caught.value.code == "not_enough_history"


# When to look -------------------------------------------------------------------------------------------


def evening_of(day: date, hour: int = 23) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_a_final_bar_is_current(acme: Instrument) -> None:
    as_if_long_ago(acme)

    assert ingest.is_current(acme, OLD[-1])


def test_a_provisional_bar_is_current_until_the_next_session_opens(
    yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: evening_of(OLD[-1]))
    yahoo.listings["ACME"] = listing()
    acme = register()
    ingest.refresh(acme)
    as_if_long_ago(acme)

    in_the_evening = ingest.is_current(acme, OLD[-1])
    monkeypatch.setattr(timezone, "now", lambda: evening_of(NEW[0], hour=14))

    assert (in_the_evening, ingest.is_current(acme, OLD[-1])) == (True, False)


def test_an_unfinished_bar_is_not_current(yahoo: YahooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: evening_of(OLD[-1], hour=19))
    yahoo.listings["ACME"] = listing()
    acme = register()
    ingest.refresh(acme)
    as_if_long_ago(acme)

    assert not ingest.is_current(acme, OLD[-1])


@pytest.mark.parametrize("trouble", [None, "server error"])
def test_after_a_look_in_vain_nobody_looks_for_a_quarter_of_an_hour(
    acme: Instrument, yahoo: YahooServer, trouble: str | None
) -> None:
    bars(acme, count=300, last=date(2024, 1, 31))
    yahoo.trouble = trouble
    forecast = ForecastFactory(instrument=acme, as_of=SESSIONS[-1])
    as_if_long_ago(acme)
    ingest.ensure_history(forecast)
    asked = len(yahoo.asked)

    ingest.ensure_history(forecast)
    soon = len(yahoo.asked)
    as_if_long_ago(acme)
    ingest.ensure_history(forecast)

    assert (soon, len(yahoo.asked)) == (asked, asked + 1)


def test_without_any_price_every_forecast_asks(yahoo: YahooServer) -> None:
    yahoo.trouble = "server error"
    forecast = ForecastFactory(instrument=register(), as_of=OLD[-1])

    for _ in range(2):
        with pytest.raises(ForecastFailed):
            ingest.ensure_history(forecast)

    assert len(yahoo.asked) == 2


def test_methods_that_train_count_final_sessions_only(acme: Instrument) -> None:
    acme.bars.filter(date=OLD[-1]).update(state="provisional")

    known = [
        ingest.sessions_known(acme, method, OLD[-1]) for method in ("house", "fine-tuned", "from-scratch")
    ]

    assert known == [50, 49, 49]
