from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from forecasts.importing import registry as module
from forecasts.importing.registry import Registry
from forecasts.models import Instrument, PriceBar, Restatement
from tests.factories import ForecastFactory
from tests.forecasts.importing.panel_files import history, imported, row, write_csv

FRIDAY_EVENING = datetime(2024, 7, 5, 21, tzinfo=UTC)
SUNDAY = datetime(2024, 7, 7, 12, tzinfo=UTC)
MONDAY_AFTER_OPENING = datetime(2024, 7, 8, 14, tzinfo=UTC)
ROWS = [row("MSFT", day, 100.0) for day in ("2024-07-02", "2024-07-03", "2024-07-05")]


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(module, "timezone", SimpleNamespace(now=lambda: moment))


def states() -> list[str]:
    return list(PriceBar.objects.order_by("date").values_list("state", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "symbol", "kind"),
    [
        ("yahoo", "MSFT", "equity"),
        ("yahoo", "^GSPC", "index"),
        ("yahoo", "EURUSD=X", "fx"),
        ("yahoo", "BTC-USD", "crypto"),
        ("yahoo", "BRK-B", "equity"),
        ("yahoo", "ES=F", "other"),
        ("tiingo", "TIINGO:MSFT", "equity"),
    ],
)
def test_symbols_tell_what_an_instrument_is(source: str, symbol: str, kind: str) -> None:
    assert Registry(source).kind(symbol) == kind


@pytest.mark.django_db(transaction=True)
def test_new_instruments_are_of_their_kind(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "panel.csv", history("^GSPC") + history("MSFT")))

    assert dict(Instrument.objects.values_list("symbol", "kind")) == {"^GSPC": "index", "MSFT": "equity"}


@pytest.mark.django_db(transaction=True)
def test_the_last_bar_is_provisional_until_the_next_session_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_csv(tmp_path / "panel.csv", ROWS)

    at(monkeypatch, FRIDAY_EVENING)
    imported(path)
    assert states() == ["final", "final", "provisional"]

    at(monkeypatch, SUNDAY)
    assert imported(path).counts.changed == 0
    assert states() == ["final", "final", "provisional"]

    at(monkeypatch, MONDAY_AFTER_OPENING)
    assert imported(path).counts.changed == 1
    assert states() == ["final", "final", "final"]
    assert Restatement.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_sessions_put_between_stored_ones_raise_the_revision(tmp_path: Path) -> None:
    rows = history("A")
    imported(write_csv(tmp_path / "before.csv", rows[5:10] + rows[11:] + history("B")[:25]))

    outcome = imported(write_csv(tmp_path / "after.csv", rows + history("B")))

    restatement = Restatement.objects.get()
    first, last = date.fromisoformat(rows[0][:10]), date.fromisoformat(rows[10][:10])
    assert (outcome.counts.new, outcome.counts.changed, outcome.counts.restated) == (11, 0, 1)
    assert (restatement.instrument.symbol, restatement.revision, restatement.reason) == ("A", 2, "imported")
    assert (restatement.first_session, restatement.last_session) == (first, last)
    assert (restatement.sessions, restatement.price_factor, restatement.before) == (0, 1.0, [])
    assert list(Instrument.objects.order_by("symbol").values_list("data_revision", flat=True)) == [2, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("as_of", "revision"), [(date(2020, 12, 30), 2), (date(2020, 12, 29), 1), (date(2020, 12, 31), 1)]
)
def test_a_session_that_a_forecast_missed_raises_the_revision(
    tmp_path: Path, as_of: date, revision: int
) -> None:
    rows = [row("A", day, 100.0) for day in ("2020-12-28", "2020-12-29", "2020-12-30")]
    imported(write_csv(tmp_path / "before.csv", rows[:2]))
    instrument = Instrument.objects.get()
    ForecastFactory(succeeded=True, instrument=instrument, as_of=as_of, data_as_of=date(2020, 12, 29))

    imported(write_csv(tmp_path / "after.csv", rows))

    instrument.refresh_from_db()
    assert instrument.data_revision == revision
