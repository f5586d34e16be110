"""What a worker does, in order: prices → model → evidence → forecast → rows. The only door to the engine.

`steps` claims, does and settles; `work` is one forecast from beginning to end, out of `prices`, `fitting` and
`evidence`. `extending` adds slow baselines to evidence that is stored already; `tools` is for terminals.
"""

from forecasts.pipeline.extending import extend_evaluation
from forecasts.pipeline.steps import compute, prepare, run_here
from forecasts.pipeline.tools import backtest_instrument, train_house_model, warm

__all__ = [
    "backtest_instrument",
    "compute",
    "extend_evaluation",
    "prepare",
    "run_here",
    "train_house_model",
    "warm",
]
