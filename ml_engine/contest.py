"""Whether one model's forecasts proved better than another's: the same origins and steps, scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_engine.quantiles import FloatArray
from ml_engine.significance import diebold_mariano_by_date


@dataclass(frozen=True)
class Pairs:
    """Scores of the same forecasts by two models, (row,) each, in any order.

    `crps` and `rival_crps` are per usual move, so that no instrument or step outweighs others by its
    volatility; `inside` and `rival_inside` tell whether the 80 % bands held.
    """

    origins: NDArray[Any]  # dates
    targets: NDArray[Any]  # dates
    crps: FloatArray
    rival_crps: FloatArray
    inside: NDArray[np.bool_]
    rival_inside: NDArray[np.bool_]

    def first(self, dates: int) -> Pairs:
        """The rows of the first so many dates of origin."""
        kept = self.origins <= np.unique(self.origins)[:dates][-1]
        return Pairs(**{name: values[kept] for name, values in vars(self).items()})


@dataclass(frozen=True)
class Contest:
    """`crps_skill` is 1 - CRPS / the rival's; `p_value` is two-sided, None where it can't be told."""

    dates: int
    points: int
    crps_skill: float
    p_value: float | None
    coverage_80: float
    rival_coverage_80: float


def contest(pairs: Pairs) -> Contest:
    """Compare both on all rows: a date counts once, as the mean over its instruments and steps."""
    dates = np.unique(pairs.origins)
    return Contest(
        dates=len(dates),
        points=len(pairs.crps),
        crps_skill=1 - float(pairs.crps.mean() / pairs.rival_crps.mean()),
        p_value=diebold_mariano_by_date(pairs.origins, pairs.crps - pairs.rival_crps, _overlap(pairs, dates)),
        coverage_80=float(pairs.inside.mean()),
        rival_coverage_80=float(pairs.rival_inside.mean()),
    )


def _overlap(pairs: Pairs, dates: NDArray[Any]) -> int:
    """How many successive dates have targets that share sessions: most dates from an origin to a target."""
    between = np.searchsorted(dates, pairs.targets, side="left") - np.searchsorted(dates, pairs.origins)
    return max(1, int(between.max()))
