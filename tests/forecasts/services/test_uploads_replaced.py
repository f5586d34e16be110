"""What replacing an upload does to its revision, and to forecasts that were issued before."""

import pytest

from accounts.models import User
from forecasts import presentation, services
from forecasts.market_data.upload import Options
from forecasts.models import Forecast, Instrument
from forecasts.services import Mode
from tests.factories import LAST_DAY as ORIGIN
from tests.factories import ForecastFactory, weekdays_until
from tests.forecasts.price_files import price_sheet, sheet_of

pytestmark = pytest.mark.django_db

DAYS = weekdays_until(ORIGIN, 30)
SPLIT_DAY = DAYS[-10]
HEADER = "Date,Open,High,Low,Close,Volume,Stock Splits"


def keep(owner: User, content: bytes, mode: Mode = Mode.CREATE) -> Instrument:
    look = services.look_into(
        owner=owner, name="FUND", content=content, filename="fund.csv", options=Options(calendar="weekdays")
    )
    return services.keep_upload(owner=owner, look=look, mode=mode)[0]


def sheet(price: float, *, split: float = 0.0, volume: int = 1000) -> bytes:
    """Return 30 sessions around `price`, adjusted for splits, one of which it may tell."""
    lines = []
    for number, day in enumerate(DAYS):
        close = price * (1 + number / 1000)
        told = split if day == SPLIT_DAY else 0.0
        lines.append(f"{day},{close},{close * 1.01},{close * 0.99},{close},{volume},{told}")
    return sheet_of(lines, HEADER)


def issued(fund: Instrument) -> Forecast:
    """Return a forecast from before the split's day, anchored at the close that is stored."""
    anchor = fund.bars.get(date=DAYS[5])
    return ForecastFactory(
        instrument=fund, succeeded=True, as_of=anchor.date, anchor_close=anchor.close, split_factor=1.0
    )


def shown(forecast: Forecast) -> float | None:
    forecast.refresh_from_db()
    return presentation.last_close(forecast)


def test_splits_told_later_of_the_same_prices_move_no_forecast(user: User) -> None:
    fund = keep(user, sheet(100.0))
    forecast = issued(fund)

    keep(user, sheet(100.0, split=4.0), Mode.REPLACE)

    assert shown(forecast) == pytest.approx(fund.bars.get(date=DAYS[5]).close)


@pytest.mark.parametrize("split", [0.0, 4.0], ids=["untold", "told"])
def test_a_forecast_follows_prices_on_another_share_basis(user: User, split: float) -> None:
    fund = keep(user, sheet(100.0))
    forecast = issued(fund)

    keep(user, sheet(25.0, split=split), Mode.REPLACE)

    assert fund.bars.get(date=DAYS[5]).close == pytest.approx(25 * 1.005)
    assert shown(forecast) == pytest.approx(25 * 1.005)


def test_a_small_correction_moves_no_forecast(user: User) -> None:
    fund = keep(user, sheet(100.0))
    forecast = issued(fund)

    keep(user, sheet(101.0), Mode.REPLACE)

    assert shown(forecast) == pytest.approx(100 * 1.005)


def test_replaced_prices_are_stored_to_the_last_digit(user: User) -> None:
    keep(user, price_sheet(closes=[1.2345] * 30))

    fund = keep(user, price_sheet(closes=[1.2346] * 30), Mode.REPLACE)
    assert set(fund.bars.values_list("close", flat=True)) == {1.2346}

    fund = keep(user, price_sheet(closes=[1.2345] * 30), Mode.REPLACE)
    assert set(fund.bars.values_list("close", flat=True)) == {1.2345}


def test_volumes_alone_make_a_new_revision_and_nothing_new_makes_none(user: User) -> None:
    keep(user, sheet(100.0, volume=0))

    again = keep(user, sheet(100.0, volume=0), Mode.REPLACE)
    assert again.data_revision == 1

    louder = keep(user, sheet(100.0, volume=5_000_000), Mode.REPLACE)
    assert louder.data_revision == 2
    assert louder.restatements.get().sessions == 0
