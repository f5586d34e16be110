"""The LSTM: a sequence of features in, quantiles of scaled returns for 60 steps out. It knows no training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

# Quantiles are computed at these steps ahead and interpolated, linear in log(step), between them.
KNOTS: tuple[int, ...] = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 60)
STEPS = KNOTS[-1]
GROUPS = 4
FAR = 0.1  # increments beyond the 80 % band have widths of their own
WIDEST = 4.0  # log of the largest width


class QuantileLSTM(nn.Module):
    """An LSTM whose state stretches a learnt law: one shape per knot, four widths per knot and state.

    A quantile is the median plus or minus a sum of positive increments, so quantiles never cross. The
    increments are learnt per knot and level; the state widens or narrows them in four groups (far and near,
    below and above). The median is learnt per knot alone: one that follows the state only learns the past by
    heart. All outputs are in units of volatility · √step.
    """

    def __init__(self, inputs: int, hidden: int, levels: tuple[float, ...]) -> None:
        super().__init__()
        self.levels, self.middle = levels, levels.index(0.5)
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        self.head = nn.Linear(hidden, len(KNOTS) * GROUPS)
        self.median = nn.Parameter(torch.zeros(len(KNOTS), 1))
        self.increments = nn.Parameter(torch.zeros(len(KNOTS), len(levels) - 1))  # before softplus
        self.groups = groups(levels).tolist()
        self._start_from_normal()

    def encode(self, features: Tensor) -> Tensor:
        """Features (window, row, feature) → states (window, row, hidden); causal along `row`."""
        states: Tensor = self.lstm(features)[0]
        return states

    def decode(self, states: Tensor) -> Tensor:
        """States (…, hidden) → quantiles at the knots (…, knot, level), non-decreasing along `level`."""
        widths = self.head(states).unflatten(-1, (len(KNOTS), GROUPS)).clamp(-WIDEST, WIDEST).exp()
        increments = softplus(self.increments) * widths[..., self.groups]
        below = increments[..., : self.middle].flip(-1).cumsum(-1).flip(-1)
        above = increments[..., self.middle :].cumsum(-1)
        median = self.median.expand(*widths.shape[:-1], 1)
        return torch.cat([median - below, median, median + above], dim=-1)

    def forward(self, features: Tensor) -> Tensor:
        """Features (window, row, feature) → quantiles (window, row, knot, level)."""
        return self.decode(self.encode(features))

    def loss(self, features: Tensor, targets: Tensor) -> Tensor:
        """Mean pinball loss of features (window, row, feature) against targets (window, scored row, knot).

        Targets are those of the last rows of each window; earlier rows only fill the state.
        """
        quantiles = self.decode(self.encode(features)[:, -targets.shape[1] :])
        return pinball(quantiles, targets, torch.tensor(self.levels, device=quantiles.device))

    def law_parameters(self) -> list[Tensor]:
        """The usual widths and the shape of the law: what an instrument may have of its own."""
        return [self.head.bias, self.increments]

    @torch.no_grad()
    def _start_from_normal(self) -> None:
        """Begin with the quantiles of the standard normal law, and let the states matter little."""
        normal = torch.tensor([NormalDist().inv_cdf(level) for level in self.levels])
        self.increments.copy_(normal.diff().expm1().log())
        self.head.weight.mul_(0.1)
        self.head.bias.zero_()


class Committee(nn.Module):
    """Some networks that answer together: their quantiles are averaged, which cannot make them cross."""

    def __init__(self, members: Sequence[QuantileLSTM]) -> None:
        super().__init__()
        self.each = list(members)  # the same modules, with their type
        self.members = nn.ModuleList(members)

    def encode(self, features: Tensor) -> Tensor:
        """Features (window, row, feature) → states (window, row, member · hidden)."""
        return torch.cat([member.encode(features) for member in self], dim=-1)

    def decode(self, states: Tensor) -> Tensor:
        """States (…, member · hidden) → quantiles at the knots (…, knot, level)."""
        parts = states.chunk(len(self.members), dim=-1)
        quantiles = [member.decode(part) for member, part in zip(self, parts, strict=True)]
        return torch.stack(quantiles).mean(dim=0)

    def law_parameters(self) -> list[Tensor]:
        """Those of all members."""
        return [parameter for member in self for parameter in member.law_parameters()]

    def __iter__(self) -> Iterator[QuantileLSTM]:
        return iter(self.each)


def groups(levels: tuple[float, ...]) -> Tensor:
    """Group (increment,) of each gap between levels: 0 far below, 1 near below, 2 near above, 3 far above."""
    edges = torch.tensor([FAR, 0.5, 1 - FAR])
    return torch.bucketize(torch.tensor(levels).unfold(0, 2, 1).mean(-1), edges)


def interpolation() -> Tensor:
    """Weights (step, knot) that take quantiles at the knots to steps 1 … 60; each row sums to one.

    Weights are not negative, so interpolated quantiles don't cross either.
    """
    weights = torch.zeros(STEPS, len(KNOTS), dtype=torch.float64)
    for step in range(1, STEPS + 1):
        right = next(place for place, knot in enumerate(KNOTS) if knot >= step)
        if KNOTS[right] == step:
            weights[step - 1, right] = 1.0
            continue
        low, high = math.log(KNOTS[right - 1]), math.log(KNOTS[right])
        share = (math.log(step) - low) / (high - low)
        weights[step - 1, right - 1 : right + 1] = torch.tensor([1 - share, share], dtype=torch.float64)
    return weights


def pinball(quantiles: Tensor, targets: Tensor, levels: Tensor) -> Tensor:
    """Mean pinball loss of quantiles (…, knot, level) against targets (…, knot), NaN where unknown.

    Koenker and Bassett (Econometrica, 1978): max(τ·u, (τ-1)·u) with u = target - quantile. A knot weighs
    1/√step: far targets overlap, so there is less in them to learn and more to learn by heart.
    """
    weights = torch.tensor(KNOTS, dtype=quantiles.dtype, device=quantiles.device).rsqrt()
    weights = weights * ~torch.isnan(targets)
    error = targets.nan_to_num(0.0).unsqueeze(-1) - quantiles
    # max(τ·u, (τ-1)·u) with one temporary fewer: it is the larger part of an epoch.
    loss = (torch.relu(error) + (levels - 1) * error).mean(-1)
    return (loss * weights).sum() / weights.sum().clamp(min=1e-6)
