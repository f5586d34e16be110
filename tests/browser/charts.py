"""What a page has really drawn, as Plotly keeps it on the element."""

from typing import Any

from playwright.sync_api import Page

TRACES = "(element) => element.data.map(({name, type, x, y, line}) => ({name, type, x, y, line}))"


def drawn(page: Page, selector: str) -> dict[str, dict[str, Any]]:
    """Wait for a chart and return its traces by name."""
    page.wait_for_selector(f"{selector} .main-svg")
    return {trace["name"]: trace for trace in page.eval_on_selector(selector, TRACES)}


def days(traces: dict[str, dict[str, Any]]) -> set[str]:
    """Return every day that a trace has a point on."""
    return {str(day)[:10] for trace in traces.values() for day in trace["x"]}
