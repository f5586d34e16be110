"""Track records follow the scores and the ledger, and can be worked out again from them at any time."""

import json
from typing import Any

import pandas as pd
import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from forecasts import tasks
from forecasts.models import Forecast, Instrument, RecordTally, Score, TrackRecord
from forecasts.pipeline import pooling, update_records
from forecasts.pipeline.counted_scores import counted_scores
from ml_engine import record
from ml_engine.tally import merged, tally
from tests.factories import ForecastFactory, InstrumentFactory
from tests.ml_engine.made_scores import columns_of, make_scores
from tests.track_scores import enter, write_scores

pytestmark = pytest.mark.django_db
HOUSE, TUNED = Forecast.Method.HOUSE, Forecast.Method.FINE_TUNED


@pytest.fixture
def acme() -> Instrument:
    return InstrumentFactory(yahoo=True, symbol="ACME")


@pytest.fixture
def other() -> Instrument:
    return InstrumentFactory(yahoo=True, symbol="OTHER")


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def of(instrument: Instrument | None, method: str = HOUSE) -> TrackRecord:
    found = TrackRecord.objects.of(instrument, method)
    assert found is not None
    return found


def everything() -> list[Any]:
    """Every record without its moment."""
    rows = TrackRecord.objects.order_by("instrument", "method")
    names = (
        "instrument",
        "method",
        "figures",
        "scored",
        "origins",
        "crps_skill",
        "p_value",
        "is_significant",
    )
    return [json.dumps(row, sort_keys=True) for row in rows.values(*names)]


def engine_figures(*frames: pd.DataFrame) -> dict[str, Any]:
    return record.figures(merged(tally(columns_of(frame)) for frame in frames))


def shown(written: TrackRecord) -> dict[str, Any]:
    return {name: written.figures[name] for name in ("spread", "groups", "skill")}


def test_scores_are_read_as_the_engine_wants_them(acme: Instrument) -> None:
    frame = make_scores(8)
    write_scores(acme, frame)

    read = pd.DataFrame(counted_scores(acme, HOUSE))

    kept = frame[frame["series"].isin(["model", "random-walk"]) | frame["step"].isin([1, 5, 10, 20])]
    keys = ["anchor", "step", "series"]
    pd.testing.assert_frame_equal(
        read.sort_values(keys, ignore_index=True)[frame.columns],
        kept.sort_values(keys, ignore_index=True),
        check_dtype=False,
        check_exact=True,
    )


def test_without_scores_the_frame_is_empty(acme: Instrument) -> None:
    assert tally(counted_scores(acme, HOUSE)).is_empty


def test_a_record_of_each_instrument_and_method_and_of_all(acme: Instrument, other: Instrument) -> None:
    first, second, third = make_scores(100), make_scores(30, seed=1), make_scores(25, seed=2)
    write_scores(acme, first)
    write_scores(acme, second, TUNED)
    write_scores(other, third)

    assert update_records() == 3

    assert shown(of(acme)) == engine_figures(first)
    assert shown(of(acme, "")) == engine_figures(second, first)
    assert shown(of(None)) == engine_figures(first, third)
    assert shown(of(None, "")) == engine_figures(second, first, third)
    assert TrackRecord.objects.count() == 3 + 2 + 3
    assert (of(acme).scored, of(acme).origins, of(None).scored) == (100, 100, 125)
    pooled = record.pooled_skill(engine_figures(first)["skill"])
    assert (of(acme).crps_skill, of(acme).p_value) == (pooled["crps_skill"], pooled["p_value"])


def test_nothing_new_changes_nothing(
    acme: Instrument, clock: Any, django_assert_max_num_queries: Any
) -> None:
    write_scores(acme, make_scores(20))
    clock.shift(1)
    update_records()
    written = list(TrackRecord.objects.order_by("pk").values())
    clock.shift(60)

    with django_assert_max_num_queries(9):
        assert update_records() == 0

    assert list(TrackRecord.objects.order_by("pk").values()) == written


def test_without_any_score_there_is_an_empty_record_of_all(clock: Any) -> None:
    tasks.update_records()

    assert (of(None, "").scored, of(None, "").crps_skill) == (0, None)
    assert of(None, "").figures["instruments"]["count"] == 0


def test_step_by_step_is_the_same_as_at_once(acme: Instrument, other: Instrument, clock: Any) -> None:
    frames = {acme: make_scores(40), other: make_scores(30, seed=3)}
    for frame, instrument in ((frame, one) for one, frame in frames.items()):
        days = sorted(frame["date"].unique())
        for early in (True, False):
            write_or_add(instrument, frame, days[20], early=early)
            clock.shift(60)
            update_records()
    piecemeal = everything()

    TrackRecord.objects.all().delete()
    update_records()

    assert everything() == piecemeal
    assert of(None).scored == 70


def write_or_add(instrument: Instrument, frame: pd.DataFrame, day: pd.Timestamp, *, early: bool) -> None:
    """Score what was known by a day; later the rest, of the same forecasts where these are there already."""
    if early:
        write_scores(instrument, frame)
    mine = list(Forecast.objects.filter(instrument=instrument).values_list("pk", flat=True))
    late = Score.objects.filter(forecast__in=mine, date__gt=day.date())
    moment = timezone.now()
    if early:
        late.update(superseded_at=moment)
    else:
        late.update(superseded_at=None, scored_at=moment)


def test_a_restatement_changes_the_record(acme: Instrument, clock: Any) -> None:
    write_scores(acme, make_scores(20))
    clock.shift(1)
    update_records()
    before = of(acme).figures["groups"][0]["scores"]["crps"]
    old = Score.objects.filter(series="model", step=3).order_by("forecast").first()
    assert old is not None
    clock.shift(600)
    Score.objects.filter(pk=old.pk).update(superseded_at=timezone.now())
    old.pk = (old.forecast_id, "model", 3, 2)
    old.version, old.crps, old.scored_at = 2, old.crps + 4.0, timezone.now()
    old.save(force_insert=True)

    assert update_records() == 1

    assert of(acme).figures["groups"][0]["scores"]["crps"] == pytest.approx(before + 4.0 / 400)
    assert of(None).figures["groups"][0]["scores"]["crps"] == pytest.approx(before + 4.0 / 400)


def test_the_same_origin_counts_once(acme: Instrument) -> None:
    frame = make_scores(30, horizon=5)
    write_scores(acme, frame)
    write_scores(acme, make_scores(30, horizon=20).assign(crps=7.0))

    update_records()

    spread = of(acme).figures["spread"]
    assert (spread["origins"], spread["points"], spread["repeats"]) == (30, 600, 150)
    assert of(acme).figures["groups"][1]["scores"]["crps"] == pytest.approx(
        frame[(frame["series"] == "model") & (frame["step"] == 1)]["crps"].mean()
    )


def test_an_upload_is_told_to_nobody_else(acme: Instrument, user: User) -> None:
    upload = InstrumentFactory(upload=True, owner=user)
    public, private = make_scores(20), make_scores(25, seed=1)
    write_scores(acme, public)
    write_scores(upload, private)

    update_records()

    assert shown(of(upload)) == shown(of(upload, "")) == engine_figures(private)
    assert shown(of(None)) == shown(of(None, "")) == engine_figures(public)
    assert [row["symbol"] for row in of(None).figures["instruments"]["rows"]] == ["ACME"]
    assert of(None, "").figures["ledger"]["issued"] == 20


def test_a_deleted_upload_takes_its_records_along(user: User) -> None:
    upload = InstrumentFactory(upload=True, owner=user)
    write_scores(upload, make_scores(5))
    update_records()
    Score.objects.all().delete()
    Forecast.objects.all().delete()

    upload.delete()

    assert list(TrackRecord.objects.values_list("instrument", "method")) == [(None, "")]
    assert RecordTally.objects.count() == 1


def test_what_became_of_the_forecasts_is_counted(acme: Instrument, clock: Any) -> None:
    issued = write_scores(acme, make_scores(4))
    Forecast.objects.filter(pk=issued[0].pk).update(first_counted_step=3)
    Forecast.objects.filter(pk=issued[1].pk).update(score_from="2030-01-01")
    ForecastFactory(instrument=acme, failed=True, entry=enter("failed"))
    clock.shift(1)
    update_records()
    ForecastFactory(instrument=acme, cancelled=True, entry=enter("withdrawn"))
    ForecastFactory(instrument=acme, succeeded=True, entry=enter("pre-ledger"))
    ForecastFactory(instrument=acme, succeeded=True, entry=enter("issued"))
    clock.shift(60)

    assert update_records() == 1

    counts = {
        "issued": 5,
        "waiting": 1,
        "never_counted": 1,
        "begun_steps": 2,
        "failed": 1,
        "withdrawn": 1,
        "pre_ledger": 1,
        "last_entry": 8,
    }
    assert of(acme).figures["ledger"] == of(acme, "").figures["ledger"] == counts
    assert of(None, "").figures["ledger"] == counts
    assert of(acme).scored == 4


def test_scores_of_what_was_never_issued_are_left_out(acme: Instrument) -> None:
    (forecast,) = write_scores(acme, make_scores(1))
    Forecast.objects.filter(pk=forecast.pk).update(entry=enter("pre-ledger"))

    update_records()

    assert of(acme).scored == 0


def test_significance_is_corrected_for_many_instruments(user: User, monkeypatch: Any) -> None:
    upload = InstrumentFactory(upload=True, owner=user)
    found = {upload: 0.02}
    for p_value in (0.001, 0.04, 0.5, None):
        found[InstrumentFactory(yahoo=True)] = p_value
    for instrument in found:
        write_scores(instrument, make_scores(2, horizon=1))
    monkeypatch.setattr(record, "pooled_skill", lambda _rows: next(told))
    # Single records by key, then those of all methods.
    values = [found[one] for one in sorted(found, key=lambda one: one.pk)]
    answers = [{"origins": 9, "crps_skill": 0.1, "p_value": value} for value in values]
    told = iter([*answers, *answers, answers[0], answers[0]])

    update_records()

    flags = {one: of(one).is_significant for one in found}
    assert list(flags.values()) == [True, True, False, False, False]
    summary = of(None).figures["instruments"]
    assert (summary["count"], summary["tested"], summary["sharper"], summary["worse"]) == (4, 3, 1, 0)


def test_an_instrument_that_ended_is_still_counted(acme: Instrument, other: Instrument) -> None:
    Instrument.objects.filter(pk=acme.pk).update(fetch_error={"code": "delisted"})
    write_scores(acme, make_scores(3))
    write_scores(other, make_scores(3))

    update_records()

    assert of(None).figures["instruments"]["count"] == 2
    assert of(None).figures["instruments"]["ended"] == 1


def test_a_run_that_was_killed_before_the_sums_is_made_good(
    acme: Instrument, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scores(acme, make_scores(20))
    update_records()
    clock.shift(10)
    Score.objects.filter(step=20).update(scored_at=timezone.now(), crps=1.0)
    clock.shift(10)
    whole = pooling.pool
    monkeypatch.setattr(pooling, "pool", killed)
    with pytest.raises(KeyboardInterrupt):
        update_records()
    monkeypatch.setattr(pooling, "pool", whole)
    assert shown(of(None)) != shown(of(acme))
    clock.shift(10)

    assert update_records() == 0

    assert shown(of(None)) == shown(of(None, "")) == shown(of(acme, "")) == shown(of(acme))


def killed(*_: object) -> None:
    raise KeyboardInterrupt
