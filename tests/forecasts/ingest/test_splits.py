"""Splits that only the prices show, and splits that the prices do not show yet."""

from dataclasses import replace
from datetime import date

import pytest

from forecasts import ingest, presentation
from forecasts.models import Forecast, Instrument, Restatement
from tests.factories import ForecastFactory
from tests.forecasts.acme import CLOSES, NEW, OLD, SESSIONS, closes, listing, register
from tests.yahoo_server import Listing, YahooServer

pytestmark = pytest.mark.django_db


def stored(instrument: Instrument) -> list[tuple[date, str, float]]:
    return list(instrument.actions.order_by("date").values_list("date", "kind", "value"))


def test_a_uniform_rescaling_is_a_split_on_the_first_new_session(
    acme: Instrument, yahoo: YahooServer
) -> None:
    forecast = ForecastFactory(instrument=acme, succeeded=True, as_of=OLD[-1], anchor_close=CLOSES[49])
    yahoo.listings["ACME"] = listing(SESSIONS, factor=0.1)

    ingest.refresh(acme)

    assert stored(acme) == [(NEW[0], "split", 10.0)]
    assert (acme.data_revision, Restatement.objects.get().reason) == (2, "split")
    assert presentation.last_close(forecast) == pytest.approx(CLOSES[49] / 10)


def test_a_rescaling_before_the_session_is_dated_on_the_next_one(
    acme: Instrument, yahoo: YahooServer
) -> None:
    yahoo.listings["ACME"] = listing(OLD, factor=8.0)

    ingest.refresh(acme)

    assert stored(acme) == [(NEW[0], "split", 0.125)]


def test_a_past_that_is_rescaled_late_is_dated_on_its_first_session(
    acme: Instrument, yahoo: YahooServer
) -> None:
    new = listing(OLD)
    new.bars[:45] = [
        replace(
            bar, **{name: getattr(bar, name) / 2 for name in ("open", "high", "low", "close", "adj_close")}
        )
        for bar in new.bars[:45]
    ]
    yahoo.listings["ACME"] = new

    ingest.refresh(acme)

    assert stored(acme) == [(OLD[45], "split", 2.0)]


@pytest.mark.parametrize("factor", [1.01, 0.98])
def test_small_corrections_of_everything_are_no_split(
    acme: Instrument, yahoo: YahooServer, factor: float
) -> None:
    yahoo.listings["ACME"] = listing(SESSIONS, factor=factor)

    ingest.refresh(acme)

    assert (stored(acme), Restatement.objects.get().reason) == ([], "disagreement")


@pytest.mark.parametrize("told_on", [NEW[0], NEW[2]])
def test_when_the_source_tells_the_split_it_replaces_ours_and_nothing_is_re_based_twice(
    acme: Instrument, yahoo: YahooServer, told_on: date
) -> None:
    before = ForecastFactory(instrument=acme, succeeded=True, as_of=OLD[-1], anchor_close=CLOSES[49])
    yahoo.listings["ACME"] = listing(SESSIONS[:52], factor=0.1)
    ingest.refresh(acme)
    after = ForecastFactory(
        instrument=acme,
        succeeded=True,
        as_of=SESSIONS[51],
        anchor_close=CLOSES[51] / 10,
        split_factor=1.0,
    )
    shown = [presentation.last_close(forecast) for forecast in (before, after)]
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.1), splits={told_on: (10, 1)})

    for _ in range(2):
        ingest.refresh(acme)

    assert stored(acme) == [(told_on, "split", 10.0)]
    assert acme.data_revision == 2
    assert [presentation.last_close(forecast) for forecast in Forecast.objects.order_by("pk")] == shown
    assert shown == [pytest.approx(CLOSES[49] / 10), pytest.approx(CLOSES[51] / 10)]


def test_a_split_that_prices_showed_stays_until_they_go_back(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = listing(SESSIONS[:55], factor=0.1)
    ingest.refresh(acme)
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=0.1), dividends={NEW[6]: 0.5})
    ingest.refresh(acme)
    kept = stored(acme)
    yahoo.listings["ACME"] = replace(listing(SESSIONS), dividends={NEW[6]: 5.0})

    ingest.refresh(acme)

    assert kept == [(NEW[0], "split", 10.0), (NEW[6], "dividend", 0.5)]
    assert stored(acme) == [(NEW[6], "dividend", 5.0)]
    assert list(closes(acme).values()) == CLOSES


def test_a_split_and_a_rescaling_besides_are_two(acme: Instrument, yahoo: YahooServer) -> None:
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=1 / 6), splits={NEW[3]: (2, 1)})

    ingest.refresh(acme)

    assert stored(acme) == [(NEW[0], "split", 3.0), (NEW[3], "split", 2.0)]


# Splits that are told too early -------------------------------------------------------------------------


def test_a_split_waits_until_the_prices_are_adjusted_for_it(acme: Instrument, yahoo: YahooServer) -> None:
    """It is too small for its gap to be told from news, so the past cannot be adjusted here."""
    forecast = ForecastFactory(instrument=acme, succeeded=True, as_of=OLD[-1], anchor_close=CLOSES[49])
    adjusted = listing(SESSIONS[:51], factor=5 / 6)
    yahoo.listings["ACME"] = Listing([*listing().bars, adjusted.bars[-1]], splits={NEW[0]: (6, 5)})
    ingest.refresh(acme)
    early = stored(acme), acme.data_revision, presentation.last_close(forecast)
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=5 / 6), splits={NEW[0]: (6, 5)})

    ingest.refresh(acme)

    assert early == ([], 1, CLOSES[49])
    assert (stored(acme), acme.data_revision) == ([(NEW[0], "split", 1.2)], 2)
    assert presentation.last_close(forecast) == pytest.approx(CLOSES[49] / 1.2)


def test_a_split_known_from_the_beginning_is_not_inferred_again(yahoo: YahooServer) -> None:
    adjusted = listing(SESSIONS[:51], factor=5 / 6)
    early = Listing([*listing().bars, adjusted.bars[-1]], splits={NEW[0]: (6, 5)})
    yahoo.listings["ACME"] = early
    acme = register()
    ingest.refresh(acme)
    yahoo.listings["ACME"] = replace(listing(SESSIONS, factor=5 / 6), splits={NEW[0]: (6, 5)})

    ingest.refresh(acme)

    assert stored(acme) == [(NEW[0], "split", 1.2)]
    assert list(closes(acme).values()) == pytest.approx([close / 1.2 for close in CLOSES])
