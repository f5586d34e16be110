"""The accuracy report as text: one function for each table, from the figures that the JSON holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.coverage import GROUP_TARGET, TARGET
from benchmarks.pool import ALL
from benchmarks.reporting import table
from benchmarks.trials import STEPS
from ml_engine.metrics import BANDS

Rows = Sequence[Mapping[str, Any]]
LOW_RMSE, HIGH_RMSE = 0.990, 1.002  # a median that does better than this has seen the future
LEAST_LEAD = 2.0  # % that CRPS should lie below a baseline's
SIGNIFICANT = 0.05


def report(figures: Mapping[str, Any]) -> str:
    """All tables, each below a line that says how to read it."""
    parts = [*method_tables(figures)]
    for method in figures["models"]:
        parts += [*model_tables(figures, method)]
    return "\n\n".join(f"{title}\n{text}" for title, text in parts)


def method_tables(figures: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield titles and tables about all methods."""
    yield (
        "CRPS × 10,000 (log returns, each stock-date alike) at 1 / 5 / 10 / 20 sessions, % below the random "
        "walk's, and seconds of processor time",
        skill_table(figures["skill"], figures["seconds"]),
    )
    yield (
        "1 - mean over stocks of the ratio of CRPS to the random walk's, in %; RMSE of the median over the "
        f"random walk's (! outside {LOW_RMSE:.3f}-{HIGH_RMSE:.3f})",
        ratio_table(figures["skill"]),
    )
    yield (
        "Coverage of 50 / 80 / 90 / 95 % bands, in %",
        coverage_summary(figures["coverage"]),
    )


def model_tables(figures: Mapping[str, Any], method: str) -> Iterator[tuple[str, str]]:
    """Yield titles and tables about one model."""
    yield (
        f"{method}: CRPS below each method's in %, p pooled by date, and by stock (ok: {LEAST_LEAD:g} % or "
        f"more with p < {SIGNIFICANT}; +: less, but p < {SIGNIFICANT}; !: not shown to be lower)",
        duel_table(own(figures["duels"], method)),
    )
    yield (
        f"{method}: CRPS below the random walk's in %, by tercile of volatility and by year",
        group_skill_table(own(figures["group_skill"], method)),
    )
    yield (
        f"{method}: coverage in % ± block-bootstrap standard error in points (! off by more than {TARGET:g} "
        f"over all, {GROUP_TARGET:g} in a group, and by more than two errors)",
        coverage_table(own(figures["coverage"], method)),
    )
    yield (
        f"{method}: coverage of single stocks in %: 5th percentile / median / 95th",
        stock_coverage_table(own(figures["stock_coverage"], method)),
    )
    yield (
        f"{method}: PIT, % of outcomes in each tenth of the forecast law (10 each if right)",
        pit_table(figures["pit"][method]),
    )
    yield (
        f"{method}: % of stocks with a CRPS significantly below / above the random walk's "
        "(Benjamini-Hochberg, 5 % false discoveries)",
        discovery_table(own(figures["discoveries"], method)),
    )
    yield f"{method}: aims", aims_table(figures, method)


def own(rows: Rows, method: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["method"] == method]


def by_step(name: str) -> list[str]:
    return [f"{name} {step}" for step in STEPS]


def skill_table(rows: Rows, seconds: Mapping[str, float]) -> str:
    """A line for each method."""
    header = ["method", *by_step("CRPS"), *by_step("skill"), "seconds"]
    return table(header, (skill_line(method, own(rows, method), seconds[method]) for method in seconds))


def skill_line(method: str, rows: Rows, seconds: float) -> list[str]:
    crps = (f"{1e4 * row['crps']:.2f}" for row in rows)
    return [method, *crps, *(f"{row['skill']:.2f}" for row in rows), f"{seconds:.1f}"]


def ratio_table(rows: Rows) -> str:
    """A line for each method."""
    header = ["method", *by_step("by stock"), *by_step("RMSE")]
    return table(header, (ratio_line(name, own(rows, name)) for name in unique(rows, "method")))


def ratio_line(method: str, rows: Rows) -> list[str]:
    by_stock = (f"{row['stock_skill']:.2f}" for row in rows)
    return [method, *by_stock, *(marked_rmse(row["rmse_ratio"]) for row in rows)]


def unique(rows: Rows, name: str) -> list[Any]:
    """The values of a column, each once, in their order."""
    return list(dict.fromkeys(row[name] for row in rows))


def coverage_summary(rows: Rows) -> str:
    """A line for each method; a column for each step."""
    over_all = [row for row in rows if row["group"] == ALL]
    header = ["method", *by_step("step")]
    return table(header, ([name, *coverages(own(over_all, name))] for name in unique(rows, "method")))


def coverages(rows: Rows) -> list[str]:
    """The coverage of all bands, by step."""
    return [" / ".join(f"{row['coverage']:.1f}" for row in rows if row["step"] == step) for step in STEPS]


def group_skill_table(rows: Rows) -> str:
    """A line for each group."""
    header = ["group", "rows", *by_step("step")]
    return table(header, (group_skill_line(name, rows) for name in unique(rows, "group")))


def group_skill_line(group: str, rows: Rows) -> list[str]:
    chosen = [row for row in rows if row["group"] == group]
    return [group, str(chosen[0]["rows"]), *(f"{row['skill']:.2f}" for row in chosen)]


def stock_coverage_table(rows: Rows) -> str:
    """A line for each step; a column for each band."""
    header = ["step", *(f"{band} %" for band in BANDS)]
    return table(header, (stock_coverage_line(rows, step) for step in STEPS))


def stock_coverage_line(rows: Rows, step: int) -> list[str]:
    chosen = [row for row in rows if row["step"] == step]
    return [
        str(step),
        *(" / ".join(f"{row[name]:.1f}" for name in ("low", "median", "high")) for row in chosen),
    ]


def marked_rmse(ratio: float) -> str:
    return f"{ratio:.4f}{' ' if honest(ratio) else '!'}"


def honest(ratio: float) -> bool:
    """Whether a median does neither better nor worse than one can."""
    return LOW_RMSE <= round(ratio, 4) <= HIGH_RMSE


def duel_table(rows: Rows) -> str:
    """A line for each other method; a column for each step, and the mean over stocks beside."""
    header = ["against", *by_step("step"), *by_step("by stock")]
    return table(header, (duel_line(name, rows) for name in unique(rows, "against")))


def duel_line(against: str, rows: Rows) -> list[str]:
    chosen = [row for row in rows if row["against"] == against]
    return [against, *map(duel_cell, chosen), *(f"{row['stocks_lower']:.2f}" for row in chosen)]


def duel_cell(row: Mapping[str, Any]) -> str:
    """The lead, its p-value, and how that stands to the aim."""
    shown = "p ?    " if row["p_value"] is None else f"p {row['p_value']:.3f}"
    mark = "! " if not proven(row) else "ok" if row["lower"] >= LEAST_LEAD else "+ "
    return f"{row['lower']:.2f} ({shown}) {mark}"


def proven(row: Mapping[str, Any]) -> bool:
    """Whether a lead is one, and significant."""
    return row["lower"] > 0 and row["p_value"] is not None and row["p_value"] < SIGNIFICANT


def coverage_table(rows: Rows) -> str:
    """A line for each group and step."""
    pairs = dict.fromkeys((row["group"], row["step"]) for row in rows)
    header = ["group", "step", "rows", *(f"{band} %" for band in BANDS)]
    return table(header, (coverage_line(rows, group, step) for group, step in pairs))


def coverage_line(rows: Rows, group: str, step: int) -> list[str]:
    chosen = [row for row in rows if (row["group"], row["step"]) == (group, step)]
    return [group, str(step), str(chosen[0]["rows"]), *map(coverage_cell, chosen)]


def coverage_cell(row: Mapping[str, Any]) -> str:
    error = "   ?" if row["error"] is None else f"{row['error']:4.1f}"
    return f"{row['coverage']:.1f} ±{error}{'!' if row['off'] else ' '}"


def pit_table(counts: Mapping[Any, Sequence[int]]) -> str:
    """A line for each step."""
    header = ["step", *(f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}" for tenth in range(10))]
    return table(header, ([step, *percentages(found)] for step, found in counts.items()))


def percentages(counts: Sequence[int]) -> Iterable[str]:
    return [f"{100 * count / sum(counts):.1f}" for count in counts]


def discovery_table(rows: Rows) -> str:
    """A line for each step."""
    header = ["step", "stocks", "better", "worse"]
    return table(header, ([row["step"], row["stocks"], *better_worse(row)] for row in rows))


def better_worse(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['better']:.0f}", f"{row['worse']:.0f}"]


def aims_table(figures: Mapping[str, Any], method: str) -> str:
    """How many figures reach their aim."""
    duels, bands = own(figures["duels"], method), own(figures["coverage"], method)
    ratios = [row["rmse_ratio"] for row in own(figures["skill"], method)]
    counted = {
        f"CRPS {LEAST_LEAD:g} % or more below another's": [row["lower"] >= LEAST_LEAD for row in duels],
        f"CRPS below another's with p < {SIGNIFICANT}": [proven(row) for row in duels],
        "coverage over all": [not row["off"] for row in bands if row["group"] == ALL],
        "coverage in terciles and years": [not row["off"] for row in bands if row["group"] != ALL],
        "RMSE of the median": [honest(ratio) for ratio in ratios],
    }
    lines = [(what, sum(found), len(found)) for what, found in counted.items()]
    return table(("aim", "reached", "of"), lines)
