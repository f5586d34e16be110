"""What the benchmarks share: tables in plain text, and JSON that says where and when it was made."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "torch")


def options(description: str | None) -> argparse.ArgumentParser:
    """What a command that reads a panel understands at least."""
    understood = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    understood.add_argument("--panel", type=Path, required=True, help="Parquet or CSV of daily rows")
    understood.add_argument("--json", type=Path, help="where to write every figure")
    return understood


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out `rows` below `header`: the first column to the left, figures to the right."""
    cells = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def origin_of_figures() -> dict[str, Any]:
    """When and on what the figures were made: moment, hardware, load average, versions."""
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def cpu_name() -> str:
    """The processor's name as Linux tells it, else the machine's kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def headline(made: Mapping[str, Any]) -> str:
    """One line for the top of a printed report."""
    return (
        f"{made['made_at']}, {made['cores']} cores of {made['cpu']}, Python {made['python']}, "
        f"load average {made['load_average']}"
    )


def file_hash(path: Path) -> str:
    """sha256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    """Write `figures`, if a path was given; NaN and infinities are refused, paths and dates become text."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=2, allow_nan=False, default=str) + "\n")
