"""What backtest and ledger together say of a forecast."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from forecasts import trust
from forecasts.models import Evaluation, Forecast, TrackRecord, Trust
from forecasts.trust import Backtest, decide, standing, standings
from tests.factories import ForecastFactory, InstrumentFactory
from tests.forecasts.scored import record

SHARPER, WORSE, UNPROVEN = Trust.SHARPER, Trust.WORSE_THAN_NAIVE, Trust.NO_DEMONSTRATED_SKILL
VERDICT = "Said of the past."
# What a ledger may say: of how many origins, skill, p-value, whether significant among all instruments.
SILENT = (99, 0.2, 0.0001, True)
SILENT_AND_BAD = (99, -0.2, 0.0001, False)
BETTER = (100, 0.01, 0.3, False)
ALONE_BETTER = (100, 0.05, 0.04, False)
PROVEN = (100, 0.05, 0.001, True)
EVEN = (100, 0.0, None, False)
POORER = (100, -0.01, 0.3, False)
WORST = (100, -0.05, 0.04, False)
UNTESTED = (100, None, None, False)


def ledger(said: tuple[int, float | None, float | None, bool] | None) -> TrackRecord | None:
    if said is None:
        return None
    origins, skill, p_value, is_significant = said
    return TrackRecord(
        origins=origins, scored=origins, crps_skill=skill, p_value=p_value, is_significant=is_significant
    )


@pytest.mark.parametrize(
    ("backtest", "said", "expected"),
    [
        (UNPROVEN, None, UNPROVEN),
        (UNPROVEN, BETTER, UNPROVEN),
        (UNPROVEN, ALONE_BETTER, UNPROVEN),
        (UNPROVEN, PROVEN, SHARPER),
        (UNPROVEN, SILENT, UNPROVEN),
        (UNPROVEN, SILENT_AND_BAD, UNPROVEN),
        (UNPROVEN, POORER, UNPROVEN),
        (UNPROVEN, WORST, WORSE),
        (SHARPER, None, SHARPER),
        (SHARPER, BETTER, SHARPER),
        (SHARPER, PROVEN, SHARPER),
        (SHARPER, SILENT_AND_BAD, SHARPER),
        (SHARPER, UNTESTED, SHARPER),
        (SHARPER, EVEN, UNPROVEN),
        (SHARPER, POORER, UNPROVEN),
        (SHARPER, WORST, WORSE),
        (WORSE, None, WORSE),
        (WORSE, BETTER, WORSE),
        (WORSE, ALONE_BETTER, WORSE),
        (WORSE, PROVEN, SHARPER),
        (WORSE, WORST, WORSE),
    ],
)
def test_decide_hears_the_backtest_first_and_the_ledger_from_a_hundred_origins_on(
    backtest: str, said: Any, expected: str
) -> None:
    decision = decide(Backtest(backtest, VERDICT), ledger(said))

    assert decision.trust == expected
    assert decision.shown == ("naive" if expected == WORSE else "model")
    assert VERDICT in decision.verdict


@pytest.mark.parametrize("foreign", [{"in_domain": False}, {"in_sample": True}])
@pytest.mark.parametrize(
    ("backtest", "said", "expected"),
    [
        (SHARPER, None, UNPROVEN),
        (SHARPER, SILENT, UNPROVEN),
        (SHARPER, BETTER, UNPROVEN),
        (SHARPER, ALONE_BETTER, UNPROVEN),
        (SHARPER, PROVEN, SHARPER),
        (SHARPER, WORST, WORSE),
        (UNPROVEN, BETTER, UNPROVEN),
        (WORSE, None, WORSE),
    ],
)
def test_decide_finds_no_skill_where_the_model_is_not_at_home_until_the_ledger_shows_it(
    foreign: dict[str, bool], backtest: str, said: Any, expected: str
) -> None:
    assert decide(Backtest(backtest, VERDICT, **foreign), ledger(said)).trust == expected


@pytest.mark.parametrize(
    ("backtest", "said", "verdict"),
    [
        (
            Backtest(SHARPER, VERDICT),
            WORST,
            "Worse than a simple volatility cone on the ledger: over 100 issued forecasts the error (CRPS) "
            "was 5.0 % higher (p = 0.04). Backtest: Said of the past.",
        ),
        (
            Backtest(UNPROVEN, VERDICT),
            PROVEN,
            "Sharper than a simple volatility cone on the ledger: over 100 issued forecasts the error (CRPS) "
            "was 5.0 % lower (p = 0.00). Backtest: Said of the past.",
        ),
        (
            Backtest(SHARPER, VERDICT),
            POORER,
            "The skill of the backtest is lost. Ledger: over 100 issued forecasts the error (CRPS) was "
            "1.0 % higher (p = 0.30). Backtest: Said of the past.",
        ),
        (
            Backtest(SHARPER, VERDICT),
            SILENT,
            "Said of the past. Ledger: 99 issued forecasts can be checked 20 sessions ahead so far, at least "
            "100 are needed.",
        ),
        (
            Backtest(SHARPER, VERDICT, in_domain=False),
            (1, None, None, False),
            "The model has not learned from such instruments (kind, exchange or volatility), so only the "
            "ledger can show skill here. Backtest: Said of the past. Ledger: 1 issued forecast can be "
            "checked 20 sessions ahead so far, at least 100 are needed.",
        ),
        (Backtest(SHARPER, VERDICT), None, VERDICT),
    ],
)
def test_the_verdict_says_what_both_say_with_counts(backtest: Backtest, said: Any, verdict: str) -> None:
    assert decide(backtest, ledger(said)).verdict == verdict


def test_standing_is_of_now_and_what_was_issued_stays(db: None) -> None:
    forecast = ForecastFactory(succeeded=True)
    record(forecast.instrument, crps_skill=-0.04, p_value=0.01)

    now = standing(forecast)

    assert (now.trust, now.shown) == (WORSE, "naive")
    forecast.refresh_from_db()
    assert (forecast.trust, forecast.shown) == (SHARPER, "model")


def test_standing_hears_the_record_of_the_same_instrument_and_method_alone(db: None) -> None:
    forecast, worse = ForecastFactory(succeeded=True), {"crps_skill": -0.04, "p_value": 0.01}
    record(forecast.instrument, "fine-tuned", **worse)
    record(forecast.instrument, "", **worse)
    record(InstrumentFactory(), **worse)
    TrackRecord.objects.create(
        instrument=None,
        method="house",
        computed_at=forecast.finished_at,
        figures={},
        scored=500,
        origins=500,
        **worse,
    )

    assert standing(forecast).trust == SHARPER


@pytest.mark.parametrize(("in_domain", "expected"), [(True, SHARPER), (False, UNPROVEN), (None, SHARPER)])
def test_standing_knows_whether_the_model_was_at_home(
    db: None, in_domain: bool | None, expected: str
) -> None:
    # None is of a forecast made before this was kept, whose evaluation had looked at it.
    assert standing(ForecastFactory(succeeded=True, in_domain=in_domain)).trust == expected


def test_standing_without_an_evaluation_is_as_issued(db: None) -> None:
    forecast = ForecastFactory(succeeded=True, evaluation=None, trust=WORSE, verdict=VERDICT)

    assert standing(forecast) == trust.Decision(WORSE, VERDICT)


def test_standings_of_many_take_one_query_and_standing_none_after_it(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    one, two = ForecastFactory(succeeded=True), ForecastFactory(succeeded=True)
    record(two.instrument, crps_skill=-0.04, p_value=0.01)
    found = list(Forecast.objects.select_related("evaluation").order_by("pk"))

    with django_assert_num_queries(1):
        decisions = standings(found)
    with django_assert_num_queries(0):
        assert [standing(forecast) for forecast in found] == decisions

    assert [forecast.pk for forecast in found] == [one.pk, two.pk]
    assert [decision.trust for decision in decisions] == [SHARPER, WORSE]
    assert Evaluation.objects.filter(trust=SHARPER).count() == 2


def test_standings_of_none_ask_nothing(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert standings([]) == []
