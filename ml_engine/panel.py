"""Many price histories at once: read, adjust for dividends, and average into a market index."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from ml_engine.bars import adjust_for_dividends, content_hash
from ml_engine.errors import InvalidBars

Panel = dict[str, pd.DataFrame]
NEEDED = ("date", "symbol", "open", "high", "low", "close", "adj_close", "volume")


def read_panel(path: Path | str, until: date) -> Panel:
    """Read a parquet or CSV file of daily rows up to and including `until`, adjusted for dividends.

    The file has the columns date, symbol, open, high, low, close, adj_close, volume, in any order of rows.
    """
    file = Path(path)
    frame = pd.read_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise InvalidBars(f"{file.name} lacks the column {missing[0]}.", f"It needs {', '.join(NEEDED)}.")
    frame["date"] = pd.to_datetime(frame["date"])
    frame = frame[frame["date"] <= pd.Timestamp(until)].sort_values(["symbol", "date"])
    return {
        str(symbol): adjust_for_dividends(rows.set_index("date")) for symbol, rows in frame.groupby("symbol")
    }


def panel_hash(panel: Panel) -> str:
    """sha256 of the symbols and the `content_hash` of their bars, as hex."""
    lines = [f"{symbol} {content_hash(bars)}" for symbol, bars in sorted(panel.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def market_index(panel: Panel) -> pd.Series[float]:
    """Closes of an equal-weighted index of the panel, rebalanced daily, beginning at 1."""
    closes = pd.DataFrame({symbol: bars["close"] for symbol, bars in panel.items()}).sort_index()
    returns = closes.apply(np.log).diff().mean(axis=1).fillna(0.0)
    index: pd.Series[float] = np.exp(returns.cumsum())
    return index
