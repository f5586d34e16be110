"""How long a house model trains, what it needs, whether it comes out the same, and how fast it answers.

    .venv/bin/python -m benchmarks.training --panel panel.parquet --repeat 2 --json out.json

Each training runs in a fresh process with one thread, and so do the forecasts that follow. `--device cuda`
trains once more on the GPU, and compares; `--model DIR` trains nothing and only times forecasts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.reporting import file_hash, headline, options, origin_of_figures, table, write_json
from benchmarks.timings import cuda_present, forecast_timings, largest_difference, train_once

Line = tuple[str, str, str]  # what, measured, aim


def main(given: Sequence[str] | None = None) -> None:
    chosen = parser().parse_args(given)
    if chosen.device == "cuda" and not fresh(cuda_present):
        raise SystemExit("There is no CUDA device here; leave out --device cuda.")
    with TemporaryDirectory() as folder:
        figures = {"made": origin_of_figures(), "arguments": vars(chosen)} | measure(chosen, Path(folder))
    print(headline(figures["made"]))
    print(report(figures))
    write_json(chosen.json, figures)


def parser() -> argparse.ArgumentParser:
    given = options(__doc__)
    given.add_argument("--until", type=date.fromisoformat, default=date(2021, 12, 31), help="last day used")
    given.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    given.add_argument("--repeat", type=int, default=1, help="trainings on the CPU")
    given.add_argument("--model", type=Path, help="folder of a model; nothing is trained")
    return given


def measure(chosen: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train in `folder` unless there is a model already, then forecast."""
    places = [folder / f"cpu-{number}" for number in range(0 if chosen.model else chosen.repeat)]
    runs = [fresh(train_once, chosen.panel, chosen.until, place, "cpu") for place in places]
    model = chosen.model or places[0]
    figures = {
        "panel": {"file": chosen.panel.name, "sha256": file_hash(chosen.panel), "until": str(chosen.until)},
        "training": runs,
        "forecasting": fresh(forecast_timings, chosen.panel, chosen.until, model),
    }
    if chosen.device == "cuda":
        figures["cuda"] = compare_with_cuda(chosen, folder, model, runs)
    return figures


def compare_with_cuda(
    chosen: argparse.Namespace, folder: Path, model: Path, runs: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Train on the GPU; how much faster that is, and how far the two models' forecasts lie apart."""
    run = fresh(train_once, chosen.panel, chosen.until, folder / "cuda", "cuda")
    difference = fresh(largest_difference, chosen.panel, chosen.until, model, folder / "cuda")
    return {"training": run, "largest_difference": difference, "speed_up": speed_up(runs, run)}


def speed_up(runs: Sequence[dict[str, Any]], run: dict[str, Any]) -> dict[str, float] | None:
    """How many times faster `run` was than the first of `runs`: in all, and in learning alone."""
    if not runs:
        return None
    return {kind: runs[0][f"{kind}_seconds"] / run[f"{kind}_seconds"] for kind in ("wall", "learning")}


def fresh(work: Callable[..., Any], *given: Any) -> Any:
    """What `work` returns in a process of its own, with one thread."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def report(figures: dict[str, Any]) -> str:
    """Each figure beside its aim."""
    lines = [
        line for number, run in enumerate(figures["training"], 1) for line in training_lines(number, run)
    ]
    if len(figures["training"]) > 1:
        same = len({run["sha256"] for run in figures["training"]}) == 1
        lines.append(("trained again", "the same bits" if same else "OTHER BITS", "the same bits"))
    lines += forecast_lines(figures["forecasting"])
    lines += cuda_lines(figures["cuda"]) if "cuda" in figures else []
    return table(("what", "measured", "aim"), lines)


def training_lines(number: int, run: dict[str, Any]) -> list[Line]:
    what = (
        f"training {number}: {run['stocks']} stocks, {run['rows']:,} rows, {run['parameters']:,} parameters"
    )
    return [
        (what, f"{run['wall_seconds']:.1f} s", "120 s"),
        ("  of which learning", f"{run['learning_seconds']:.1f} s", ""),
        ("  processor time", f"{run['cpu_seconds']:.1f} s", ""),
        ("  peak memory", f"{run['peak_mebibytes']:,} MiB", "2,048 MiB"),
        ("  sha256 of the weights", run["sha256"][:16], ""),
    ]


def forecast_lines(found: dict[str, Any]) -> list[Line]:
    return [
        (f"{found['origins']:,} origins, 20 sessions", f"{found['origins_seconds']:.3f} s", "0.5 s"),
        (
            f"latest origin of {found['rows']:,} rows, 60 sessions",
            f"{1000 * found['latest_seconds']:.1f} ms",
            "30 ms",
        ),
        (
            f"fine-tuning on {found['fine_tuning_rows']:,} rows",
            f"{found['fine_tuning_seconds']:.2f} s",
            "1.5 s",
        ),
    ]


def cuda_lines(found: dict[str, Any]) -> list[Line]:
    faster = found["speed_up"] or {}
    return [
        ("training with CUDA", f"{found['training']['wall_seconds']:.1f} s", ""),
        *((f"  {kind}, times faster", f"{factor:.1f}", "5") for kind, factor in faster.items()),
        ("  largest difference of a quantile", f"{found['largest_difference']:.1e}", "1e-3"),
    ]


if __name__ == "__main__":
    main()
