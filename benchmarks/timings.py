"""What `benchmarks.training` does in a fresh process: train once, or time forecasts.

The engine is imported inside the functions, so that the parent stays small: Linux begins to count a process's
peak memory at what the process that started it held.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from ml_engine.forecaster import LSTMForecaster
    from ml_engine.panel import Panel

ORIGINS = 5000
YEARS_OF_20 = 5040  # sessions
COMPARED = 5  # stocks whose forecasts by the CPU's and the GPU's model are compared
MEBIBYTE = 2**20 if sys.platform == "darwin" else 2**10  # in the unit of ru_maxrss


def train_once(panel: Path, until: date, output: Path, device: str) -> dict[str, Any]:
    """Train a house model; wall and processor seconds with imports and reading, peak memory, fingerprint.

    `learning_seconds` leaves out reading the panel and computing features, which a GPU does not speed up.
    """
    began, heard = time.perf_counter(), []
    from ml_engine.house import train_house_model

    _quiet()
    card = train_house_model(panel, until, output, device, lambda _: heard.append(time.perf_counter())).card
    wall, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "device": device,
        "wall_seconds": round(wall, 2),
        "learning_seconds": round(heard[-1] - heard[0], 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mebibytes": round(used.ru_maxrss / MEBIBYTE),
        "parameters": card.parameters,
        "stocks": card.data["instruments"],
        "rows": card.data["rows"],
        "sha256": card.sha256,
    }


def forecast_timings(panel_path: Path, until: date, model: Path) -> dict[str, Any]:
    """Seconds that forecasts and fine-tuning take on the panel's longest history, with its market index."""
    import pandas as pd

    from ml_engine.panel import market_index

    forecaster, panel = _ready(panel_path, until, model)
    bars, market = longest(panel), market_index(panel)
    origins = pd.DatetimeIndex(bars.index[249:][-ORIGINS:])
    recent = bars.iloc[-YEARS_OF_20:]
    return {
        "origins": len(origins),
        "origins_seconds": timed(lambda: forecaster.predict(bars, origins, 20, market), 5),
        "rows": len(bars),
        "latest_seconds": timed(lambda: forecaster.predict(bars, None, 60, market), 30),
        "fine_tuning_rows": len(recent),
        "fine_tuning_seconds": timed(lambda: forecaster.fine_tune(recent, market=market), 3),
    }


def timed(work: Callable[[], Any], runs: int) -> float:
    """Median wall seconds of `runs` runs, after one that warms up."""
    work()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return round(statistics.median(seconds), 4)


def largest_difference(panel_path: Path, until: date, one: Path, other: Path) -> float:
    """Largest gap between two models' quantiles of the log return, over a year's origins of some stocks."""
    import pandas as pd

    from ml_engine.forecaster import LSTMForecaster

    mine, panel = _ready(panel_path, until, one)
    theirs, gaps = LSTMForecaster.load(path=other), []
    for symbol in [name for name in sorted(panel) if len(panel[name]) >= 500][:COMPARED]:
        bars, origins = panel[symbol], pd.DatetimeIndex(panel[symbol].index[-250:])
        ours, others = (model.predict(bars, origins, 20).log_returns for model in (mine, theirs))
        gaps.append(float(abs(ours - others).max()))
    return max(gaps)


def cuda_present() -> bool:
    """Whether torch finds a CUDA device."""
    import torch

    return torch.cuda.is_available()


def longest(panel: Panel) -> pd.DataFrame:
    """The history with the most rows; of several the first by symbol."""
    return max((panel[symbol] for symbol in sorted(panel)), key=len)


def _ready(panel_path: Path, until: date, model: Path) -> tuple[LSTMForecaster, Panel]:
    import torch

    from ml_engine.forecaster import LSTMForecaster
    from ml_engine.panel import read_panel

    _quiet()
    torch.set_num_threads(1)
    return LSTMForecaster.load(path=model), read_panel(panel_path, until)


def _quiet() -> None:
    from ml_engine.errors import UnadjustedSplitWarning

    warnings.simplefilter("ignore", UnadjustedSplitWarning)
