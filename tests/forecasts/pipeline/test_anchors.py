"""Where a forecast starts from: volatility, regime, and whether the model has learned from the like."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from forecasts import pipeline, services, tasks
from forecasts.models import Forecast, Instrument
from forecasts.pipeline import evidence
from ml_engine.forecaster import vintages
from tests.forecasts.conftest import load_sample
from tests.forecasts.pipeline.test_work import skilful
from tests.forecasts.scored import record


def computed(instrument: Instrument, **wish: Any) -> Forecast:
    question = services.Question(instrument.symbol, **{"method": "house", "horizon": 5, **wish})
    forecast = services.ask_forecast(owner=None, question=question).forecast
    tasks.compute(forecast.pk)
    return Forecast.objects.get(pk=forecast.pk)


def closes_of(instrument: Instrument, until: date) -> np.ndarray:
    rows = instrument.bars.filter(date__lte=until).order_by("date").values_list("adj_close", flat=True)
    return np.array(list(rows))


def test_a_forecast_notes_the_volatility_at_its_anchor(goog: Instrument) -> None:
    forecast = computed(goog)

    returns = np.diff(np.log(closes_of(goog, date(2013, 3, 1))))
    weights = 0.94 ** np.arange(len(returns))[::-1]
    variance = (weights * returns**2).sum() / weights.sum()
    assert forecast.volatility == pytest.approx(np.sqrt(variance), rel=1e-3)


@pytest.mark.parametrize(
    ("day", "regime"), [(date(2008, 11, 28), "wild"), (date(2013, 1, 18), "calm"), (date(2005, 8, 15), "")]
)
def test_a_forecast_notes_the_regime_of_the_instruments_own_past(
    goog: Instrument, day: date, regime: str
) -> None:
    assert computed(goog, as_of=day).regime == regime


def test_samples_are_in_the_domain_of_the_shipped_models(goog: Instrument) -> None:
    instruments = [goog, *(load_sample(f"SAMPLE:{name}") for name in ("AAPL", "IBM", "MSFT"))]

    assert [computed(instrument).in_domain for instrument in instruments] == [True] * 4


def test_a_fine_tuned_model_is_at_home_where_its_house_model_is(goog: Instrument) -> None:
    assert computed(goog, method="fine-tuned").in_domain is True


@pytest.mark.parametrize("what", [{"kind": "crypto"}, {"kind": "fx"}, {"calendar": "24/7"}])
@pytest.mark.parametrize("method", ["house", "fine-tuned"])
def test_other_kinds_and_exchanges_are_not(goog: Instrument, what: dict[str, str], method: str) -> None:
    Instrument.objects.update(**what)
    goog.refresh_from_db()

    assert computed(goog, method=method).in_domain is False


def test_prices_that_jump_as_those_of_penny_stocks_are_not(goog: Instrument) -> None:
    bars = list(goog.bars.order_by("-date")[:60])
    for place, bar in enumerate(bars):
        factor = 1.2 if place % 2 else 1.0
        for name in ("open", "high", "low", "close", "adj_close"):
            setattr(bar, name, getattr(bar, name) * factor)
    goog.bars.bulk_update(bars, ["open", "high", "low", "close", "adj_close"])

    forecast = computed(goog)

    highest = max(card.domain["volatility"][1] for card in vintages() if card.domain)
    assert forecast.volatility is not None
    assert forecast.volatility > highest
    assert forecast.in_domain is False


def test_a_model_from_scratch_is_at_home_with_its_own_instrument(goog: Instrument) -> None:
    Instrument.objects.update(kind="crypto")
    goog.refresh_from_db()

    assert computed(goog, method="from-scratch").in_domain is True


def test_a_forecast_is_issued_with_what_the_ledger_said_then(goog: Instrument) -> None:
    record(goog, crps_skill=-0.04, p_value=0.01)

    forecast = computed(goog)

    assert (forecast.trust, forecast.shown) == ("worse_than_naive", "naive")
    assert forecast.verdict.startswith("Worse than a simple volatility cone on the ledger: over 150 issued")
    assert forecast.evaluation is not None
    assert forecast.evaluation.trust != "worse_than_naive"


@pytest.mark.parametrize(("kind", "trust"), [("equity", "sharper"), ("crypto", "no_demonstrated_skill")])
def test_a_backtest_claims_no_skill_outside_the_domain(
    goog: Instrument, monkeypatch: pytest.MonkeyPatch, kind: str, trust: str
) -> None:
    monkeypatch.setattr(evidence, "backtest", lambda *_args, **_rest: skilful())
    goog.kind = kind

    assert pipeline.backtest_instrument(goog, 250)["trust"] == trust
