"""Trains a house model on a panel of many stocks: to be shipped, as a folder, or to be kept by a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from ml_engine.config import TrainingConfig
from ml_engine.domain import EXCHANGES, KINDS, domain_of
from ml_engine.errors import NotEnoughHistory
from ml_engine.forecaster import LSTMForecaster, train_on
from ml_engine.panel import Panel, read_panel
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
    *,
    kinds: Sequence[str] = KINDS,
    exchanges: Sequence[str] = EXCHANGES,
) -> LSTMForecaster:
    """Train on the rows of `panel_path` up to and including `until` and save into the folder `output`.

    `panel_path` as in `ml_engine.panel.read_panel`; `kinds` and `exchanges` say what is in it, for the card's
    domain. On the same kind of machine the same call writes the same bytes.
    """
    panel = {symbol: bars for symbol, bars in read_panel(panel_path, until).items() if len(bars) >= SHORTEST}
    if not panel:
        raise NotEnoughHistory(SHORTEST, 0)
    domain = domain_of(panel.values(), kinds, exchanges)
    return train_panel(panel, until, domain, Callbacks(on_progress), device).save(output)


def train_panel(
    panel: Panel,
    until: date,
    domain: dict[str, Any],
    callbacks: Callbacks,
    device: str = "cpu",
    groups: Mapping[str, str] | None = None,
) -> LSTMForecaster:
    """Train on a `panel` in memory, of rows up to and including `until`; the card takes `domain` as it is.

    `groups` as in `ml_engine.forecaster.train_on`. Whether the self-test passed is on the card. Raises
    `TrainingStopped`.
    """
    with _threads(THREADS):
        forecaster = train_on(panel, TrainingConfig.for_house(), callbacks, device, groups)
    # The model knows that nothing happened between the panel's last session and `until`.
    return replace(forecaster, card=replace(forecaster.card, trained_until=until, domain=domain))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with `count` threads, then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
