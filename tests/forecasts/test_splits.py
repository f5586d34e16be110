"""A split reaches everything that people see at the moment it is stored, and nothing before.

NFLX split 10:1, many a fallen stock 1:8; the real client hears of it from a server that answers as Yahoo.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp
from typing import Any

import pytest

from accounts.models import User
from forecasts import charts, ingest, presentation
from forecasts.chances import chance_of_price, risk_of_position
from forecasts.market_data.base import ProviderError
from forecasts.models import Forecast, Instrument
from forecasts.views.watch_rows import WatchRow, watch_rows
from tests.factories import ForecastFactory, normal_quantiles
from tests.forecasts.acme import CLOSES, NEW, OLD, SESSIONS, closes, listing
from tests.yahoo_server import Bar, Listing, YahooServer, bars_of

pytestmark = pytest.mark.django_db

ANCHOR = CLOSES[49]
RATIOS = pytest.mark.parametrize(("new", "old"), [(10, 1), (1, 8)], ids=["10:1", "1:8"])
# The split's day: the first session after the origin, a forecast's target day, or the newest session.
DAYS = pytest.mark.parametrize("day", [0, 2, 9])


@dataclass(frozen=True)
class Event:
    """A split on the `day`-th new session, and a dividend of 2 per old share with it if there is one."""

    new: int
    old: int
    day: int
    dividend: float = 0.0

    @property
    def ratio(self) -> float:
        return self.new / self.old

    def adjusted(self) -> list[float]:
        """Return adjusted closes on the basis of before the split."""
        place = 50 + self.day
        share = 1 - self.dividend / CLOSES[place - 1]
        return [close * share for close in CLOSES[:place]] + CLOSES[place:]

    def told(self) -> Listing:
        """As Yahoo lists it: all on the new basis."""
        bars = bars_of(
            SESSIONS,
            [close / self.ratio for close in CLOSES],
            [close / self.ratio for close in self.adjusted()],
        )
        dividends = {NEW[self.day]: self.dividend / self.ratio} if self.dividend else {}
        return Listing(bars, dividends=dividends, splits={NEW[self.day]: (self.new, self.old)})


@pytest.fixture
def forecast(acme: Instrument) -> Forecast:
    """Ten sessions from the last stored one."""
    made: Forecast = ForecastFactory(
        instrument=acme, succeeded=True, as_of=OLD[-1], horizon=10, anchor_close=ANCHOR
    )
    return made


def row_of(user: User, instrument: Instrument) -> WatchRow:
    return watch_rows(user, [instrument.pk])[instrument.pk]


@RATIOS
@DAYS
@pytest.mark.parametrize("dividend", [0.0, 2.0])
def test_an_issued_forecast_is_on_the_new_basis(
    forecast: Forecast, yahoo: YahooServer, new: int, old: int, day: int, dividend: float
) -> None:
    event = Event(new, old, day, dividend)
    yahoo.listings["ACME"] = event.told()

    ingest.refresh(forecast.instrument)

    points = presentation.price_points(forecast)
    adjusted = event.adjusted()
    expected = [ANCHOR / event.ratio * adjusted[50 + step] / adjusted[49] for step in range(10)]
    assert presentation.last_close(forecast) == pytest.approx(ANCHOR / event.ratio)
    assert presentation.last_closes([forecast])[forecast.pk] == pytest.approx(ANCHOR / event.ratio)
    assert points[2].quantiles == pytest.approx([ANCHOR / event.ratio * exp(q) for q in normal_quantiles(3)])
    assert [point.actual for point in points] == pytest.approx(expected)


@RATIOS
def test_chances_of_a_price_move_with_the_basis(
    forecast: Forecast, yahoo: YahooServer, new: int, old: int
) -> None:
    event = Event(new, old, 0)
    before = (
        chance_of_price(forecast, price=150.0, step=5),
        risk_of_position(forecast, quantity=100.0, step=5),
    )
    yahoo.listings["ACME"] = event.told()

    ingest.refresh(forecast.instrument)

    chance = chance_of_price(forecast, price=150.0 / event.ratio, step=5)
    risk = risk_of_position(forecast, quantity=100.0 * event.ratio, step=5)
    assert chance.above == pytest.approx(before[0].above)
    assert chance.close == pytest.approx([price / event.ratio for price in before[0].close])
    assert risk.value_at_risk == pytest.approx(before[1].value_at_risk)


@RATIOS
@DAYS
def test_a_watchlist_shows_the_change_of_value_and_not_of_the_basis(
    forecast: Forecast, yahoo: YahooServer, user: User, new: int, old: int, day: int
) -> None:
    yahoo.listings["ACME"] = listing(SESSIONS)
    unsplit = ingest.refresh(forecast.instrument)
    before = row_of(user, forecast.instrument)
    yahoo.listings["ACME"] = Event(new, old, day).told()

    ingest.refresh(forecast.instrument)

    row = row_of(user, forecast.instrument)
    assert (unsplit.restated, row.last_date, row.spark) == (False, NEW[9], before.spark)
    assert row.change == pytest.approx(CLOSES[59] / CLOSES[58] - 1)
    assert row.last_close == pytest.approx(CLOSES[59] * old / new)


@RATIOS
@DAYS
def test_an_outlook_and_the_charts_stand_on_one_basis(
    forecast: Forecast, yahoo: YahooServer, user: User, new: int, old: int, day: int
) -> None:
    Forecast.objects.update(horizon=20)  # its band in five sessions is still to come
    told = Event(new, old, day).told()
    told.bars = told.bars[: 51 + day]
    yahoo.listings["ACME"] = told

    ingest.refresh(forecast.instrument)

    outlook = row_of(user, forecast.instrument).outlook
    fan = charts.forecast_chart(forecast).to_plotly_json()["data"]
    candles, median = fan[0], next(line for line in fan if line.get("name", "").endswith("median"))
    assert biggest_step(closes(forecast.instrument).values()) < 0.02
    assert candles["close"][-1] == pytest.approx(ANCHOR * old / new)
    assert (median["y"][0], median["y"][1]) == (pytest.approx(ANCHOR * old / new),) * 2
    if outlook is not None:
        assert outlook.low < ANCHOR * old / new < outlook.high


def biggest_step(prices: Any) -> float:
    return max(abs(after / before - 1) for before, after in pairwise(prices))


# Between the split and our hearing all of it ------------------------------------------------------------


@RATIOS
def test_a_past_that_the_source_has_not_adjusted_yet_is_adjusted_here(
    forecast: Forecast, yahoo: YahooServer, new: int, old: int
) -> None:
    """The split's session comes on the new basis, in one answer with nine sessions on the old one."""
    late = [replace(bar, **{name: getattr(bar, name) * old / new for name in PRICES}) for bar in new_bars()]
    unadjusted = Listing(listing(OLD).bars + late, splits={NEW[0]: (new, old)})
    yahoo.listings["ACME"] = unadjusted

    ingest.refresh(forecast.instrument)

    assert list(closes(forecast.instrument).values()) == pytest.approx([c * old / new for c in CLOSES[:51]])
    assert set(forecast.instrument.bars.filter(date__lte=OLD[-1]).values_list("state", flat=True)) == {
        "repaired"
    }
    assert presentation.last_close(forecast) == pytest.approx(ANCHOR * old / new)
    assert presentation.price_points(forecast)[0].actual == pytest.approx(CLOSES[50] * old / new)


PRICES = ("open", "high", "low", "close", "adj_close")


def new_bars() -> list[Bar]:
    return bars_of([NEW[0]], [CLOSES[50]])


def test_when_the_source_adjusts_its_past_itself_nothing_moves_again(
    forecast: Forecast, yahoo: YahooServer
) -> None:
    late = [replace(bar, **{name: getattr(bar, name) / 10 for name in PRICES}) for bar in new_bars()]
    yahoo.listings["ACME"] = Listing(listing(OLD).bars + late, splits={NEW[0]: (10, 1)})
    ingest.refresh(forecast.instrument)
    yahoo.listings["ACME"] = Event(10, 1, 0).told()

    refreshed = ingest.refresh(forecast.instrument)

    assert (refreshed.restated, forecast.instrument.data_revision) == (False, 2)
    assert presentation.last_close(forecast) == pytest.approx(ANCHOR / 10)


@pytest.mark.parametrize("trouble", ["server error", "too many requests", "empty chart", "silence"])
def test_a_split_of_which_only_the_first_half_is_heard_changes_nothing(
    forecast: Forecast, yahoo: YahooServer, user: User, trouble: str
) -> None:
    before, row = closes(forecast.instrument), row_of(user, forecast.instrument)
    yahoo.listings["ACME"] = Event(10, 1, 0).told()
    yahoo.trouble, yahoo.patience = trouble, 1

    with pytest.raises(ProviderError):
        ingest.refresh(forecast.instrument)

    assert closes(forecast.instrument) == before
    assert replace(row_of(user, forecast.instrument), instrument=row.instrument) == row
    assert presentation.last_close(forecast) == ANCHOR
    assert forecast.instrument.actions.count() == 0
