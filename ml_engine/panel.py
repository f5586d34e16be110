"""Many price histories at once: read, adjust for dividends, and average into a market index."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from ml_engine.bars import adjust_for_dividends, content_hash, positive, validate
from ml_engine.errors import InvalidBars, UnadjustedSplitWarning
from ml_engine.splits import likely_split

Panel = dict[str, pd.DataFrame]
NEEDED = ("date", "symbol", "open", "high", "low", "close", "adj_close", "volume")


def read_panel(path: Path | str, until: date) -> Panel:
    """Read a parquet or CSV file of daily rows up to and including `until`, adjusted for dividends.

    The file has the columns date, symbol, open, high, low, close, adj_close, volume, in any order of rows.
    Raises `InvalidBars`, which names the symbol and the date of the first row that is wrong.
    """
    file = Path(path)
    table = _dated(file.name, _read(file))
    chosen = table[table["date"] <= pd.Timestamp(until)].sort_values(["symbol", "date"])
    if chosen.empty:
        raise InvalidBars(f"{file.name} has no row up to {until}.", "Choose a later date, or another file.")
    return {
        str(symbol): _history(str(symbol), rows.set_index("date"))
        for symbol, rows in chosen.groupby("symbol")
    }


def _read(file: Path) -> pd.DataFrame:
    try:
        table = _read_csv(file) if file.suffix.lower() == ".csv" else pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise InvalidBars(f"{file.name} cannot be read: {error}.", "Give a Parquet or CSV file.") from error
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise InvalidBars(f"{file.name} lacks the column {missing[0]}.", f"It needs {', '.join(NEEDED)}.")
    return table


def _read_csv(file: Path) -> pd.DataFrame:
    # Symbols stay as they are written: NA and NAN are companies.
    unknown = {name: ["", "NA", "NaN", "nan", "N/A", "null"] for name in NEEDED if name != "symbol"}
    return pd.read_csv(
        file, dtype={"symbol": str}, na_values=unknown, keep_default_na=False, low_memory=False
    )


def _dated(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with parsed dates; `InvalidBars` for a row without date or symbol."""
    remedy = "Write every date as 2020-12-31, without time zone."
    if pd.api.types.is_numeric_dtype(table["date"]):
        raise InvalidBars(f"The column date of {name} holds numbers.", remedy)
    try:
        dates = pd.to_datetime(table["date"])
    except (TypeError, ValueError) as error:
        raise InvalidBars(f"{name} has a date that is none: {error}.", remedy) from error
    if not pd.api.types.is_datetime64_dtype(dates):
        raise InvalidBars(f"The dates of {name} carry a time zone.", remedy)
    for column in ("date", "symbol"):
        empty = table[column].isna() | (table[column] == "")
        if empty.any():
            row = int(np.argmax(empty)) + 1
            raise InvalidBars(f"Row {row} of {name} has no {column}.", "Fill it in, or remove the row.")
    return table.assign(date=dates, symbol=table["symbol"].astype(str))


def _history(symbol: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Valid bars of one symbol, adjusted for dividends; what is wrong or suspicious is told with its name."""
    with warnings.catch_warnings():
        # A spin-off looks like a split until its dividend is adjusted for.
        warnings.simplefilter("ignore", UnadjustedSplitWarning)
        try:
            checked = validate(rows).assign(adj_close=positive(rows["adj_close"]))
        except InvalidBars as error:
            error.message = f"{symbol}: {error.message}"
            raise
    bars = adjust_for_dividends(checked)
    if split := likely_split(bars):
        warnings.warn(f"{symbol}: {split}", UnadjustedSplitWarning, stacklevel=3)
    return bars


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


def market_indices(
    panel: Panel, groups: Mapping[str, str] | None = None
) -> dict[str, pd.Series[float] | None]:
    """The index of each symbol's market, which `groups` names; None for one that is alone in it."""
    members: dict[str, Panel] = {}
    for symbol, bars in panel.items():
        members.setdefault(groups[symbol] if groups else "", {})[symbol] = bars
    indices: dict[str, pd.Series[float] | None] = {}
    for market in members.values():
        indices |= dict.fromkeys(market, market_index(market) if len(market) > 1 else None)
    return indices
