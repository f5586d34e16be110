"""GARCH beside the library that fits it; causality is tested with every other forecaster's."""

import numpy as np
import pandas as pd
import pytest
from arch import arch_model
from arch.univariate import SkewStudent, StudentsT
from arch.univariate.base import ARCHModelResult
from numpy.testing import assert_allclose, assert_array_equal

from ml_engine.baselines import RandomWalkEWMA
from ml_engine.garch import Garch, Law
from ml_engine.quantiles import LEVELS, FloatArray
from tests.ml_engine.synthetic import make_bars

SYMMETRIC = Garch("garch-t", asymmetric=False, errors="t")
SKEWED = Garch("gjr-garch-skewt", asymmetric=True, errors="skewt")
BARS = make_bars(1000, seed=8)
PERCENT = 100 * np.diff(np.log(BARS["close"].to_numpy()))  # (row - 1,)


def by_arch(garch: Garch) -> ARCHModelResult:
    """What `arch` makes of the same 1,000 rows, in percent as its manual has it."""
    return arch_model(PERCENT, o=int(garch.asymmetric), dist=garch.errors).fit(disp="off")


def law_of(garch: Garch) -> Law:
    law = garch.law(np.concatenate([[0.0], PERCENT / 100]), 1000)
    assert law is not None
    return law


@pytest.mark.parametrize("garch", [SYMMETRIC, SKEWED])
def test_the_filtered_variance_is_that_of_arch(garch: Garch) -> None:
    variance = law_of(garch).filtered(PERCENT / 100)

    # arch begins with another variance, which is forgotten; entry t is its variance *of* session t.
    assert_allclose(np.sqrt(variance[500:-1]) * 100, by_arch(garch).conditional_volatility[501:], rtol=1e-3)


@pytest.mark.parametrize(("garch", "distribution"), [(SYMMETRIC, StudentsT()), (SKEWED, SkewStudent())])
def test_one_step_has_the_law_that_was_fitted(garch: Garch, distribution: StudentsT | SkewStudent) -> None:
    fit = by_arch(garch)
    volatility = np.sqrt(fit.forecast(horizon=1).variance.to_numpy()[0, 0])
    shape = fit.params[distribution.parameter_names()].to_numpy()

    quantiles = 100 * garch.predict(BARS, horizon=1).log_returns[0, 0]

    assert_allclose(quantiles, fit.params["mu"] + volatility * distribution.ppf(LEVELS, shape), atol=0.01)


def test_twenty_steps_spread_as_in_the_simulation_of_arch() -> None:
    model = arch_model(PERCENT, o=1)
    model.distribution = SkewStudent(seed=1)  # draws otherwise differ from run to run
    drawn = model.fit(disp="off").forecast(horizon=20, method="simulation", simulations=50_000)
    totals = drawn.simulations.values[0].sum(axis=1)

    quantiles = 100 * SKEWED.predict(BARS, horizon=20).log_returns[0, 19]

    assert_allclose(quantiles[2:-2], np.quantile(totals, LEVELS[2:-2]), atol=0.05 * totals.std())


def test_the_variance_recursion_by_hand() -> None:
    law = Law(0.5, omega=0.1, alpha=0.05, gamma=0.1, beta=0.8, start=2.0, residuals=np.zeros(1))

    # .1 + .15 · 1 + .8 · 2 after a fall of 1, .1 + .05 · 1 + .8 · 2 after a rise of 1
    assert_allclose(law.update(np.array([2.0, 2.0]), np.array([-1.0, 1.0])), [1.85, 1.75])
    # Returns of -.5 and 1.5 are the same shocks of mean .5: then .1 + .05 + .8 · 1.85.
    assert_allclose(law.filtered(np.array([-0.5, 1.5])), [1.85, 1.63])


def test_the_residuals_have_unit_variance() -> None:
    residuals = law_of(SKEWED).residuals

    assert (np.diff(residuals) > 0).all()
    assert_allclose([residuals.mean(), residuals.var()], [0, 1], atol=0.01)


@pytest.mark.parametrize("factor", [2, 1000])
@pytest.mark.parametrize("garch", [SYMMETRIC, SKEWED])
def test_the_currency_does_not_matter_after_a_standstill(garch: Garch, factor: float) -> None:
    bars = make_bars(1500, seed=1)
    bars.iloc[500:, :4] = bars["close"].iloc[499]
    dearer = bars.assign(**{name: factor * bars[name] for name in ("open", "high", "low", "close")})

    one, other = (garch.predict(prices).log_returns for prices in (bars, dearer))

    assert_allclose(other, one, rtol=1e-6)


class Failing(Garch):
    """Converges on 250 rows, and not on more."""

    def _fit(self, returns: FloatArray) -> Law | None:
        return super()._fit(returns) if len(returns) < 250 else None


def test_the_last_fit_that_converged_answers() -> None:
    failing = Failing("failing", asymmetric=False, errors="t")
    returns = np.concatenate([[0.0], PERCENT / 100])

    late, early = failing.law(returns, 1000), SYMMETRIC.law(returns, 250)

    assert late is not None
    assert early is not None
    assert_array_equal(late.residuals, early.residuals)
    assert (late.omega, late.alpha, late.beta) == (early.omega, early.alpha, early.beta)


def test_the_random_walk_answers_where_nothing_can_be_fitted() -> None:
    bars = make_bars(300)
    bars[["open", "high", "low", "close"]] = 10.0
    origins = pd.DatetimeIndex(bars.index[249:])

    assert_array_equal(
        SYMMETRIC.predict(bars, origins).prices, RandomWalkEWMA().predict(bars, origins).prices
    )
