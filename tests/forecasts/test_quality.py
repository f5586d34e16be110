"""What is told of an instrument's stored prices beside the prices."""

from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from forecasts.models import CorporateAction, Instrument, MissingSession, Restatement
from forecasts.quality import quality_of, summary_of
from tests.factories import InstrumentFactory, bars

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Instrument:
    acme = InstrumentFactory(yahoo=True, symbol="ACME")
    bars(acme, 5, last=date(2024, 7, 5))
    return acme


def restated(instrument: Instrument, revision: int) -> Restatement:
    return Restatement.objects.create(
        instrument=instrument,
        revision=revision,
        reason="split",
        first_session=date(2020, 1, 2),
        last_session=date(2024, 7, 1),
        sessions=1130,
        price_factor=0.1,
        adjusted_factor=0.1,
    )


def test_a_history_without_flaws_says_so(acme: Instrument) -> None:
    summary = summary_of(acme)

    assert (summary.bars, summary.missing, summary.repaired, summary.restatements) == (5, 0, 0, 0)
    assert (summary.last_state, summary.last_date) == ("final", date(2024, 7, 5))
    assert summary.is_flawless


def test_an_instrument_without_bars_has_nothing_to_count() -> None:
    summary = summary_of(InstrumentFactory())

    assert (summary.bars, summary.last_state, summary.last_date) == (0, "", None)
    assert not summary.last_is_provisional


@pytest.mark.parametrize(
    ("state", "provisional", "flawless"),
    [("provisional", True, False), ("unfinished", True, False), ("repaired", False, False)],
)
def test_the_last_bars_state_is_told(acme: Instrument, state: str, provisional: bool, flawless: bool) -> None:
    acme.bars.filter(date=date(2024, 7, 5)).update(state=state)

    summary = summary_of(acme)

    assert (summary.last_is_provisional, summary.is_flawless) == (provisional, flawless)


def test_missing_and_repaired_days_come_newest_first(acme: Instrument) -> None:
    for day in (date(2024, 6, 3), date(2024, 6, 4)):
        MissingSession.objects.create(instrument=acme, date=day)
    acme.bars.filter(date__lte=date(2024, 7, 2)).update(state="repaired")

    quality = quality_of(acme)

    assert quality.missing == [date(2024, 6, 4), date(2024, 6, 3)]
    assert quality.repaired == [date(2024, 7, 2), date(2024, 7, 1)]
    assert (quality.summary.missing, quality.summary.repaired) == (2, 2)


def test_only_the_newest_restatements_and_actions_are_listed(acme: Instrument) -> None:
    for number in range(25):
        restated(acme, revision=2 + number)
        CorporateAction.objects.create(
            instrument=acme, date=date(2024, 1, 1 + number), kind="dividend", value=0.5
        )

    quality = quality_of(acme)

    assert [row.revision for row in quality.restatements] == list(range(26, 6, -1))
    assert quality.actions[0].date == date(2024, 1, 25)
    assert len(quality.actions) == 20
    assert quality.summary.restatements == 25


def test_others_rows_are_not_counted(
    acme: Instrument, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other = InstrumentFactory()
    bars(other, 50)
    MissingSession.objects.create(instrument=other, date=date(2013, 1, 2))
    restated(other, 2)

    with django_assert_num_queries(4):
        summary = summary_of(acme)

    assert (summary.bars, summary.missing, summary.restatements) == (5, 0, 0)
