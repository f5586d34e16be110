"""The ledger decides: made-up scores of a challenger beside the model that answered."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
import time_machine
from django.utils import timezone

from forecasts import pipeline, tasks
from forecasts.errors import ForecastFailed
from forecasts.models import Forecast, HouseModel, Instrument, LedgerEntry, Score
from forecasts.pipeline.counted_scores import counted_scores
from forecasts.pipeline.promoting import LOOKS
from ml_engine.forecaster import vintages
from tests.factories import ForecastFactory, InstrumentFactory, weekdays_until

pytestmark = pytest.mark.django_db
Status = HouseModel.Status
STEPS = (1, 5, 10, 20)
SHIPPED = vintages()[-1].sha256
LAST = date(2026, 10, 30)
FEW, MANY = LOOKS[0], LOOKS[-1]


@pytest.fixture
def challenger(db: None) -> HouseModel:
    with time_machine.travel("2025-12-01T03:00:00Z"):
        return HouseModel.objects.create(
            status=Status.CHALLENGER, sha256="c" * 64, trained_until=date(2025, 11, 30)
        )


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-02T02:00:00Z", tick=False):
        yield


def issued(anchors: list[tuple[Instrument, date]], **fields: Any) -> list[Forecast]:
    """Write forecasts of the house method from these sessions, entered in this order."""
    first = LedgerEntry.objects.count() + 1
    model = {"sha256": SHIPPED, "challenger": "c" * 64} | fields.pop("model", {})
    entries = LedgerEntry.objects.bulk_create(
        LedgerEntry(
            number=number,
            kind="issued",
            content="{}",
            content_hash=f"{number:064d}",
            previous_hash=f"{number - 1:064d}",
            hash=f"{number:064d}",
        )
        for number in range(first, first + len(anchors))
    )
    return Forecast.objects.bulk_create(
        ForecastFactory.build(instrument=stock, as_of=day, data_as_of=day, entry=entry, model=model, **fields)
        for (stock, day), entry in zip(anchors, entries, strict=True)
    )


def scored(forecast: Forecast, series: str, steps: tuple[int, ...], crps: Any, inside: Any) -> list[Score]:
    return [
        Score(
            forecast=forecast,
            series=series,
            step=step,
            date=forecast.data_as_of + timedelta(days=7 * step // 5 + 1),
            actual=0.0,
            crps=0.01 * value,
            pinball=0.005,
            pit=0.5,
            error=0.0,
            inside_50=held,
            inside_80=held,
            inside_90=held,
            inside_95=held,
            chances=[0.8, 0.5, 0.2],
            usual=0.01,
        )
        for step, value, held in zip(steps, crps, inside, strict=True)
    ]


def ledger(
    dates: int,
    better: float,
    *,
    instruments: int = 3,
    steps: tuple[int, ...] = STEPS,
    held: tuple[float, float] = (0.8, 0.8),
    about: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Write scores of so many days: the challenger's CRPS is lower by `better` on average.

    `held` says how often its bands held, and those of the model.
    """
    random = np.random.default_rng(5)
    stocks = [InstrumentFactory(**(about or {})) for _ in range(instruments)]
    days = weekdays_until(LAST, dates)
    common = dict(zip(days, random.standard_normal(dates), strict=True))
    scores = []
    for forecast in issued([(stock, day) for day in days for stock in stocks], **fields):
        crps = 0.3 + 0.1 * random.random(len(steps))
        mine = crps - better + 0.01 * (common[forecast.as_of] + random.standard_normal(len(steps)))
        inside = [random.random(len(steps)) < share for share in held]
        scores += scored(forecast, "challenger", steps, mine, inside[0])
        scores += scored(forecast, "model", steps, crps, inside[1])
    Score.objects.bulk_create(scores)


def status_of(row: HouseModel) -> str:
    row.refresh_from_db()
    return row.status


def test_a_challenger_that_is_better_on_the_ledger_answers(challenger: HouseModel) -> None:
    ledger(FEW, 0.02)

    tasks.judge_challenger()
    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHAMPION
    assert challenger.promoted_at == timezone.now()
    assert f"over {FEW} days and 1,200 points its CRPS was 6." in challenger.note
    assert "lower (p = 0.00" in challenger.note


def test_a_challenger_that_is_worse_is_rejected(challenger: HouseModel) -> None:
    ledger(FEW, -0.02)

    tasks.judge_challenger()

    assert status_of(challenger) == Status.REJECTED
    assert "higher" in challenger.note
    assert HouseModel.objects.champion() is None


def test_a_challenger_no_better_waits_and_is_rejected_after_the_last_look(challenger: HouseModel) -> None:
    ledger(FEW, 0.0)
    tasks.judge_challenger()
    assert status_of(challenger) == Status.CHALLENGER

    Score.objects.all().delete()
    ledger(MANY, 0.0)
    tasks.judge_challenger()

    assert status_of(challenger) == Status.REJECTED
    assert "Not shown to be better" in challenger.note


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({"dates": FEW - 1}, id="too few days"),
        pytest.param({"instruments": 2}, id="too few points"),
        pytest.param({"steps": (1, 5, 10)}, id="the farthest step is not known yet"),
        pytest.param({"model": {"challenger": "d" * 64}}, id="another challenger's"),
        pytest.param({"model": {"sha256": "d" * 64}}, id="another model answered"),
        pytest.param({"method": "fine-tuned"}, id="another method's"),
        pytest.param({"held": (0.7, 0.8)}, id="its bands hold too little"),
    ],
)
def test_what_proves_nothing(challenger: HouseModel, case: dict[str, Any]) -> None:
    ledger(**{"dates": FEW, "better": 0.02} | case)

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHALLENGER


def test_uploads_prove_nothing(challenger: HouseModel) -> None:
    ledger(FEW, 0.02, about={"upload": True})

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHALLENGER


def test_superseded_scores_prove_nothing(challenger: HouseModel) -> None:
    ledger(FEW, 0.02)
    Score.objects.filter(series="challenger").update(superseded_at=timezone.now())

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHALLENGER


def test_short_horizons_count_to_their_end(challenger: HouseModel) -> None:
    ledger(FEW, 0.02, horizon=5, steps=(1, 5), instruments=5)

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHAMPION


def test_an_origin_counts_once_by_its_earliest_entry(challenger: HouseModel) -> None:
    ledger(FEW, 0.02)
    first = Forecast.objects.order_by("entry").first()
    assert first is not None
    (again,) = issued([(first.instrument, first.as_of)], settings_hash="other")
    Score.objects.bulk_create(
        scored(again, "challenger", STEPS, [1e6] * 4, [True] * 4)
        + scored(again, "model", STEPS, [0.3] * 4, [True] * 4)
    )

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHAMPION


def test_between_two_looks_the_answer_does_not_change(challenger: HouseModel) -> None:
    ledger(FEW + 20, 0.0)
    later = Forecast.objects.filter(as_of__in=weekdays_until(LAST, 20)).values_list("pk", flat=True)
    Score.objects.filter(series="challenger", forecast__in=list(later)).update(crps=0.0)

    tasks.judge_challenger()

    assert status_of(challenger) == Status.CHALLENGER


def test_a_year_without_proof_is_enough(challenger: HouseModel) -> None:
    with time_machine.travel("2026-12-02T04:00:00Z"):
        tasks.judge_challenger()

    assert status_of(challenger) == Status.REJECTED
    assert "A year has passed" in challenger.note


def test_the_champion_is_retired_and_comes_back(challenger: HouseModel) -> None:
    champion = HouseModel.objects.create(
        status=Status.CHAMPION,
        sha256="e" * 64,
        trained_until=date(2025, 6, 30),
        promoted_at=timezone.now() - timedelta(days=200),
    )
    ledger(FEW, 0.02, model={"sha256": "e" * 64})
    tasks.judge_challenger()
    assert (status_of(challenger), status_of(champion)) == (Status.CHAMPION, Status.RETIRED)

    said = pipeline.roll_back()

    assert said == (
        "The house model trained until 2025-11-30 is retired; that until 2025-06-30 answers again."
    )
    assert (status_of(challenger), status_of(champion)) == (Status.RETIRED, Status.CHAMPION)
    tasks.judge_challenger()
    assert HouseModel.objects.champion() == champion


def test_without_a_champion_a_rollback_is_refused(challenger: HouseModel) -> None:
    with pytest.raises(ForecastFailed, match="No model trained here"):
        pipeline.roll_back()


def test_without_a_challenger_there_is_nothing_to_judge(db: None) -> None:
    tasks.judge_challenger()

    assert not HouseModel.objects.exists()


def test_the_track_record_does_not_know_the_challenger(challenger: HouseModel) -> None:
    ledger(2, 0.02, instruments=1)

    assert set(counted_scores(Instrument.objects.get(), "house")["series"]) == {"model"}
