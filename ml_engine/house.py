"""Trains a house model, to be shipped: one panel of many stocks in, one folder of weights and card out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import torch

from ml_engine.config import TrainingConfig
from ml_engine.forecaster import LSTMForecaster, train_on
from ml_engine.panel import read_panel
from ml_engine.training import Callbacks, OnProgress

SHORTEST = 500  # rows: newer listings have too little to learn from
# Sums over another number of threads round differently, and two are many times slower on a busy machine.
THREADS = 1


def train_house_model(
    panel_path: Path | str,
    until: date,
    output: Path | str,
    device: str = "cpu",
    on_progress: OnProgress | None = None,
) -> LSTMForecaster:
    """Train on the rows of `panel_path` up to and including `until` and save into the folder `output`.

    `panel_path` as in `ml_engine.panel.read_panel`. On the same kind of machine the same call writes the same
    bytes.
    """
    panel = {symbol: bars for symbol, bars in read_panel(panel_path, until).items() if len(bars) >= SHORTEST}
    with _threads(THREADS):
        forecaster = train_on(panel, TrainingConfig.for_house(), Callbacks(on_progress), device)
    # The model knows that nothing happened between the panel's last session and `until`.
    dated = replace(forecaster, card=replace(forecaster.card, trained_until=until))
    return dated.save(output)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with `count` threads, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
