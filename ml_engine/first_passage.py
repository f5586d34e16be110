"""The chance that a random walk stays below a line: by quadrature, step after step, so nothing is drawn.

The joint law of the walk's position and of not having crossed yet is carried from session to session on the
nodes of Gauss and Legendre (the method of Andricopoulos et al., J. Financial Economics, 2003).
"""

from __future__ import annotations

import math

import numpy as np

from ml_engine.quantiles import FloatArray

REACH = 6.0  # standard deviations of the walk's position beyond which 2e-9 of it lies
# Increments have a standard deviation of 1: nodes about as far apart integrate their law to 1e-7.
FEWEST_NODES, NODES_A_DEVIATION = 24, 10.0


def staying_below(barriers: FloatArray, at_any_moment: bool = False) -> FloatArray:
    """Chance (barrier,) that a Brownian motion from 0 is below `barriers` (barrier, step) at times 1, 2, ….

    `at_any_moment` also asks it to stay below the straight lines between them: a Brownian bridge from x to y
    in one unit of time crosses a line that lies a above x and b above y with probability exp(-2ab). The line
    before the first step is level, and begins no lower than the walk.
    """
    steps = barriers.shape[1]
    count = FEWEST_NODES + math.ceil(NODES_A_DEVIATION * math.sqrt(steps))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    at = np.zeros((len(barriers), 1))  # (barrier, node): where the walk may be, and the chance that it is
    chances = np.ones((len(barriers), 1))
    line = np.maximum(barriers[:, 0], 0.0)
    for step in range(1, steps + 1):
        ahead = barriers[:, step - 1]
        bottom = -REACH * math.sqrt(step)
        half = np.clip(ahead - bottom, 0.0, -2 * bottom)[:, None] / 2
        to = bottom + half * (1 + nodes)
        density = _moved(at, to)
        if at_any_moment:
            density *= _kept(line[:, None] - at, ahead[:, None] - to)
        chances = half * weights * np.einsum("bs,bst->bt", chances, density)
        at, line = to, ahead
    return np.asarray(np.clip(chances.sum(axis=1), 0.0, 1.0), dtype=np.float64)


def _moved(at: FloatArray, to: FloatArray) -> FloatArray:
    """Density (barrier, from, to) of going from one node to the other in one step."""
    density = to[:, None, :] - at[:, :, None]
    np.square(density, out=density)
    density *= -0.5
    np.exp(density, out=density)
    density /= math.sqrt(2 * math.pi)
    return density


def _kept(below: FloatArray, below_ahead: FloatArray) -> FloatArray:
    """Chance (barrier, from, to) that the bridge between two nodes stays below the line."""
    return np.asarray(-np.expm1(-2 * below[:, :, None] * np.maximum(below_ahead, 0.0)[:, None, :]))
