"""A process of its own that asks the fake Yahoo: python -m tests.yahoo_server.visitor URL SYMBOL TIMES.

It prints the code of what came of each, "" where there were prices, as a JSON list.
"""

import json
import os
import sys

import django
import pytest


def main(url: str, symbol: str, times: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcast_site.settings")
    django.setup()
    from forecasts.market_data.base import ProviderError
    from forecasts.market_data.yahoo import YahooProvider
    from tests.yahoo_server import point_client_at

    codes = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        point_client_at(monkeypatch, url)
        for _ in range(int(times)):
            try:
                YahooProvider().fetch(symbol)
                codes.append("")
            except ProviderError as error:
                codes.append(error.code)
    print(json.dumps(codes))  # noqa: T201 -- the parent reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
