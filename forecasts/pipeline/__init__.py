"""What a worker does, in order: prices → model → evidence → forecast → rows. The only door to the engine.

`steps` claims, does and settles; `work` is one forecast from beginning to end, out of `prices`, `fitting` and
`evidence`. `extending` adds slow baselines to evidence that is stored already; `tools` is for terminals.
`retraining` trains house models here, out of `training_data`; `shadow` and `promoting` prove them; `champion`
loads them.
`scoring` tells what became of forecasts, out of the rows in `outcomes`.
`replaying` says what would have been said on past sessions; `reproducing` makes a forecast again, from
`data_vintages`.
`recording` and `pooling` work out track records, out of `counted_scores`.
"""

from forecasts.pipeline.extending import extend_evaluation
from forecasts.pipeline.promoting import judge_challenger, roll_back
from forecasts.pipeline.recording import update_records
from forecasts.pipeline.replaying import replay
from forecasts.pipeline.reproducing import Finding, Reproduction, reproduce
from forecasts.pipeline.retraining import Training, last_month, retrain, retrain_monthly
from forecasts.pipeline.scoring import score_due
from forecasts.pipeline.steps import compute, prepare, run_here
from forecasts.pipeline.tools import backtest_instrument, train_house_model, warm

__all__ = [
    "Finding",
    "Reproduction",
    "Training",
    "backtest_instrument",
    "compute",
    "extend_evaluation",
    "judge_challenger",
    "last_month",
    "prepare",
    "replay",
    "reproduce",
    "retrain",
    "retrain_monthly",
    "roll_back",
    "run_here",
    "score_due",
    "train_house_model",
    "update_records",
    "warm",
]
