"""A file whose sessions are to stand beside stored ones that it lacks."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from forecasts import ingest
from forecasts.errors import RequestRefused
from forecasts.importing.joints import NO_OVERLAP, OTHER_DIVIDENDS, OTHER_SHARES, Joint, Refused
from forecasts.importing.loading import Loader
from forecasts.models import Instrument, PriceBar, Restatement
from tests.factories import InstrumentFactory, bars
from tests.forecasts.importing.panel_files import LAST_DAY, history, imported, row, write_csv


def paying(symbol: str, count: int, last: date, dividends: float) -> list[str]:
    """Return rows whose closes are all 100 and adjusted closes `dividends` times that."""
    days = [last - timedelta(days=back) for back in range(count)][::-1]
    return [row(symbol, day, 100.0, 100.0 * dividends) for day in days]


def stored() -> list[tuple[date, float, float]]:
    return list(PriceBar.objects.order_by("date").values_list("date", "close", "adj_close"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", [slice(None, 20), slice(10, None), slice(10, 20)])
def test_part_of_a_history_on_another_share_basis_is_refused(tmp_path: Path, part: slice) -> None:
    imported(write_csv(tmp_path / "before.csv", history("A") + history("B")))
    before = stored()

    with pytest.raises(RequestRefused) as refusal:
        imported(write_csv(tmp_path / "after.csv", history("A", scale=10.0)[part] + history("C")))

    assert refusal.value.message.splitlines() == [
        "after.csv cannot be joined with stored sessions before or after its own, so it was not imported. "
        "Import whole histories, or sessions of which some are stored at the same prices.",
        f"  {OTHER_SHARES}: A",
    ]
    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_what_is_stored_after_the_look_at_it_is_not_joined_with_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(write_csv(tmp_path / "before.csv", history("A")))
    before = stored()
    monkeypatch.setattr(Loader, "inspect", lambda *_: Refused())

    with pytest.raises(RequestRefused, match=f"{OTHER_SHARES}: A"):
        imported(write_csv(tmp_path / "after.csv", history("A", scale=10.0)[:20]))

    assert stored() == before


@pytest.mark.django_db(transaction=True)
def test_sessions_next_to_stored_ones_without_any_in_common_are_refused(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "first.csv", paying("KO", 10, date(2020, 6, 30), 1.0)))
    second = write_csv(tmp_path / "second.csv", paying("KO", 10, date(2020, 7, 20), 0.9))

    with pytest.raises(RequestRefused, match=f"{NO_OVERLAP}: KO"):
        imported(second)

    assert PriceBar.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_adjusted_closes_that_stay_follow_the_files_dividend_basis(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "first.csv", paying("KO", 20, date(2020, 6, 30), 1.0)))
    instrument = Instrument.objects.get()
    old = instrument.bars.as_frame()

    second = write_csv(tmp_path / "second.csv", paying("KO", 20, date(2020, 7, 10), 0.9))
    outcome = imported(second)
    again = imported(second)

    assert {(close, round(adjusted, 9)) for _, close, adjusted in stored()} == {(100.0, 90.0)}
    counts = outcome.counts
    assert (counts.new, counts.changed, counts.unchanged, counts.restated) == (10, 10, 0, 1)
    assert (again.counts.new, again.counts.changed, again.counts.restated) == (0, 0, 0)
    restatement = Restatement.objects.get()
    assert (restatement.sessions, restatement.price_factor) == (20, 1.0)
    assert restatement.adjusted_factor == pytest.approx(0.9)
    restored = ingest.restored(instrument.bars.as_frame(), restatement)
    assert abs(restored.loc[old.index] / old - 1).max(axis=None) < 1e-9


@pytest.mark.django_db(transaction=True)
def test_bars_that_stay_after_the_file_keep_their_state_and_source(tmp_path: Path) -> None:
    instrument = InstrumentFactory(yahoo=True, symbol="KO", calendar="24/7")
    bars(instrument, last=LAST_DAY, closes=[100.0] * 10)
    instrument.bars.filter(date=LAST_DAY).update(state="provisional", source="yahoo")

    imported(write_csv(tmp_path / "panel.csv", paying("KO", 30, LAST_DAY - timedelta(days=1), 1.1)))

    newest = instrument.bars.get(date=LAST_DAY)
    assert (newest.close, round(newest.adj_close, 9)) == (100.0, 110.0)
    assert (newest.state, newest.source) == ("provisional", "yahoo")


@pytest.mark.django_db(transaction=True)
def test_another_dividend_basis_with_a_stored_session_between_is_refused(tmp_path: Path) -> None:
    imported(write_csv(tmp_path / "first.csv", paying("KO", 20, date(2020, 6, 30), 1.0)))
    rows = paying("KO", 20, date(2020, 7, 10), 0.9)

    with pytest.raises(RequestRefused, match=f"{OTHER_DIVIDENDS}: KO"):
        imported(write_csv(tmp_path / "second.csv", [*rows[:7], *rows[8:]]))


@pytest.mark.django_db(transaction=True)
def test_a_correction_at_the_files_edge_is_no_other_basis(tmp_path: Path) -> None:
    rows = history("A")
    imported(write_csv(tmp_path / "before.csv", rows))
    corrected = row("A", rows[10][:10], 55.0)

    imported(write_csv(tmp_path / "after.csv", [corrected, *rows[11:20]]))

    assert stored()[10][1:] == (55.0, 55.0)
    assert stored()[9][1:] == (109.0, 109.0)


@pytest.mark.parametrize(
    ("price", "adjusted", "fault", "factor"),
    [
        (None, None, NO_OVERLAP, 1.0),
        ([1, 1, 1], [1, 1, 1], "", 1.0),
        ([0.98, 1, 1.3], [0.99, 1.0001, 1.2], "", 1.0),
        ([0.99, 1.002, 1.01], [1, 1, 1], "", 1.0),
        ([1.002, 1.002, 1.002], [1, 1, 1], OTHER_SHARES, 1.0),
        ([1.3, 1.5, 1.9], [1, 1, 1], OTHER_SHARES, 1.0),
        ([1, 1, 1], [0.98, 0.98, 0.98], "", 0.98),
        ([1, 1, 1], [0.8, 0.9, 0.98], OTHER_DIVIDENDS, 0.9),
    ],
)
def test_quartiles_of_ratios_tell_a_basis_from_corrections(
    price: list[float] | None, adjusted: list[float] | None, fault: str, factor: float
) -> None:
    joint = Joint(0, 1, is_early=True, day=LAST_DAY, price=price, adjusted=adjusted)

    assert (joint.fault, joint.factor) == (fault, factor)


def test_twenty_symbols_are_named_and_the_others_counted() -> None:
    refused = Refused()
    for number in range(23):
        refused.add(NO_OVERLAP, f"S{number:02}")

    assert refused.told("panel.csv").endswith("S18, S19 and 3 more")
