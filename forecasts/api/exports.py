"""A forecast as a file: a table for spreadsheets, or the whole of it as JSON."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from forecasts import presentation
from forecasts.api.serializers import ForecastSerializer
from forecasts.models import LEVELS, Forecast, ForecastPoint, ForecastRequest

SERIES = {ForecastPoint.MODEL: "model", ForecastPoint.NAIVE: "naive"}
HEADER = [
    "symbol", "currency", "data_as_of", "last_close", "series", "step", "date", "median", "actual",
    *(f"q{level:g}" for level in LEVELS),
]  # fmt: skip


class AnyAccept(DefaultContentNegotiation):
    """Answer whatever the Accept header says: the address says what the file is, and errors are JSON."""

    def select_renderer(
        self, _request: Request, renderers: Iterable[BaseRenderer], _suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


def plain_text(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def as_csv(request: ForecastRequest) -> str:
    """Return one line for each series and step of a forecast that succeeded, in prices."""
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(HEADER)
    writer.writerows(_rows(request.forecast))
    return sheet.getvalue()


def _rows(forecast: Forecast) -> Iterator[list[Any]]:
    instrument = forecast.instrument
    about = [
        plain_text(instrument.symbol),
        plain_text(instrument.currency),
        forecast.data_as_of,
        presentation.last_close(forecast),
    ]
    for series, points in presentation.points_of_series(forecast, list(SERIES)).items():
        for point in points:
            where = [SERIES[series], point.step, point.date, point.median, point.actual]
            yield [*about, *where, *point.quantiles]


def as_json(request: ForecastRequest) -> bytes:
    """Return the forecast as the API does."""
    return bytes(JSONRenderer().render(ForecastSerializer(request).data))


def file_name(request: ForecastRequest, kind: str) -> str:
    """Return a name that every file system takes, such as SAMPLE-AAPL-2013-03-01-house.csv."""
    forecast = request.forecast
    symbol = re.sub(r"[^A-Za-z0-9]+", "-", forecast.instrument.symbol).strip("-")
    return f"{symbol}-{forecast.data_as_of}-{forecast.method}.{kind}"


EXPORTS: dict[str, tuple[str, Callable[[ForecastRequest], str | bytes]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "json": ("application/json", as_json),
}
