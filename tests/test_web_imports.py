"""A web process stays small: whatever address is asked for, torch and its like are not imported."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import AuthToken, User
from forecasts import ledger
from forecasts.alerts.unsubscribe import Letter, link_for
from forecasts.market_data.upload import Options
from forecasts.models import Instrument, UploadDraft
from forecasts.services import start_draft
from tests.factories import (
    ForecastRequestFactory,
    InstrumentFactory,
    ScheduleFactory,
    WatchlistFactory,
    bars,
    token_for,
)
from tests.forecasts.alerts.made import rule
from tests.forecasts.alerts.webhook_rows import AlertFactory, DeliveryFactory, WebhookFactory
from tests.forecasts.price_files import price_sheet
from tests.forecasts.replayed import ReplayFactory
from tests.site import PROJECT, forget_keys

SYMBOL = "SAMPLE:WEB"
DELIVERY = "7d4f0f0e-6f0b-4d0c-8a53-0e5a1d2c3b4a"
ASK = {"symbol": SYMBOL, "method": "house", "horizon": 3, "as_of": ""}
# What is sent to addresses that need more than an empty form to do their work.
FORMS: dict[str, dict[str, object]] = {
    "instruments/%(symbol)s/forecasts/": ASK,
    "api/v1/forecasts/": {"symbol": SYMBOL, "method": "house", "horizon": 4},
    "instruments/%(symbol)s/replays/": {"method": "house"},
    "api/v1/replays/": {"symbol": SYMBOL, "method": "house"},
    "api/v1/tokens/": {"name": "made", "scopes": ["read"]},
    "account/tokens/": {"name": "made", "scopes": ["read"], "expiry_days": 30},
    "watchlists/new/": {"name": "Made"},
    "api/v1/watchlists/": {"name": "Made by the API"},
    "watchlists/%(pk)s/symbols/add/": {"symbol": SYMBOL},
    "api/v1/watchlists/%(id)s/symbols/": {"symbol": SYMBOL},
    "watchlists/%(pk)s/symbols/remove/": {"symbol": SYMBOL},
    "alerts/settings/": {"digest_hour": 7},
    "api/v1/alerts/": {"kind": "forecast_ready", "symbol": SYMBOL},
    "alerts/webhooks/": {"url": "https://8.8.8.8/"},
    "api/v1/webhooks/": {"url": "https://8.8.4.4/"},
    "watchlists/%(pk)s/schedule/": {"method": "house", "horizon": 5, "cadence": "week"},
}
API = "api/v1/"
# What takes away what the others need comes last.
LAST = ("delete", "revoke", "remove", "cancel", "discard", "keep")
OTHERS = {
    "symbol": SYMBOL,
    "name": "WEB",
    "delivery": DELIVERY,
    "app_label": "forecasts",
    "url": "nothing",
    "key": "1-2",
    "uidb36": "1",
}
FORBIDDEN = {"torch", "sklearn", "scipy", "yfinance"}
UNREACHED = (401, 403, 404, 405, 500)
FILES = "uploads/%(pk)s/"  # these read a file of prices
NOTHING_HERE = {"metrics", API}  # the first without its token


@dataclass(frozen=True)
class Answer:
    status: int
    imported: list[str]


class WebProcess:
    """Another process that is set up as gunicorn's are, on this run's test database."""

    def __init__(self, session: str) -> None:
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        own = {"DATABASE_URL": url.geturl(), "KEY_PREFIX": f"{settings.KEY_PREFIX}web:"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.web_process", session],
            cwd=PROJECT,
            env=os.environ | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, method: str, address: str, data: dict[str, object] | None = None) -> Answer:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([method, f"/{address}", data]) + "\n")
        self.process.stdin.flush()
        return Answer(*json.loads(self.process.stdout.readline()))


@pytest.fixture
def web(transactional_db: None, client: Client) -> Iterator[WebProcess]:
    """A web process for somebody who may see everything, the admin too."""
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse battery"))
    started = WebProcess(client.cookies["sessionid"].value)
    yield started
    started.process.communicate()
    forget_keys(settings.REDIS_URL, f"{settings.KEY_PREFIX}web:")


@pytest.fixture
def ids(web: WebProcess) -> dict[str, Any]:
    """Make one of each thing; return what stands in the place of a parameter, by the address's beginning."""
    user = User.objects.get()
    instrument = InstrumentFactory(symbol=SYMBOL)
    bars(instrument, count=300)
    wish = ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__instrument=instrument)
    shown = InstrumentFactory(symbol="SAMPLE:AAPL")  # on the landing page
    bars(shown)
    ForecastRequestFactory(owner=None, forecast__succeeded=True, forecast__instrument=shown)
    ledger.enter_endings()
    watchlist = WatchlistFactory(owner=user, instruments=[instrument])
    token_for(user)
    token = AuthToken.objects.get()
    return {
        "watchlists/": watchlist.pk,
        "forecasts/": wish.pk,
        "replays/": ReplayFactory(succeeded=True, instrument=instrument).pk,
        "uploads/": put_aside(user).pk,
        "alerts/webhooks/": WebhookFactory(owner=user).pk,
        "alerts/unsubscribe/": link_for(user.pk, Letter.ALERTS).rstrip("/").rpartition("/")[2],
        "alerts/rules/": rule(user, "forecast_ready", watchlist).pk,
        "alerts/": AlertFactory(owner=user).pk,
        "account/tokens/": token.public_id,
        **of_the_api(user, instrument),
        "admin/accounts/user/": user.pk,
        "admin/accounts/authtoken/": token.pk,
        "admin/forecasts/evaluation/": wish.forecast.evaluation_id,
        "admin/forecasts/forecast/": wish.forecast_id,
        "admin/forecasts/forecastrequest/": wish.pk,
        "admin/forecasts/instrument/": instrument.pk,
        "admin/forecasts/watchlist/": watchlist.pk,
    }


def put_aside(user: User) -> UploadDraft:
    """Leave a file to be looked at, of a name that has a history already."""
    bars(InstrumentFactory(upload=True, symbol="UPLOAD:WEB", owner=user))
    return start_draft(owner=user, name="WEB", filename="web.csv", content=price_sheet(), options=Options())


def of_the_api(user: User, instrument: Instrument) -> dict[str, Any]:
    """Make a second of each, for what pages delete is not there for the API."""
    wish = ForecastRequestFactory(owner=user, forecast__succeeded=True, forecast__instrument=instrument)
    watchlist = WatchlistFactory(owner=user, instruments=[instrument])
    ScheduleFactory(watchlist=watchlist)
    token_for(user)
    token = AuthToken.objects.order_by("created").last()
    assert token
    delivery = DeliveryFactory(pk=DELIVERY, webhook__owner=user, status="failed")
    return {
        f"{API}alerts/": rule(user, "forecast_ready", instrument).pk,
        f"{API}webhooks/": delivery.webhook_id,
        f"{API}watchlists/": watchlist.pk,
        f"{API}forecasts/": wish.pk,
        f"{API}replays/": ReplayFactory(succeeded=True, instrument=instrument).pk,
        f"{API}tokens/": token.public_id,
    }


def templates(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return every address below a resolver, with `%(name)s` for each parameter, and their names."""
    for name in set(resolver.reverse_dict):
        for possibilities, *_ in resolver.reverse_dict.getlist(name):
            for template, parameters in possibilities:
                yield prefix + template, tuple(parameters)
    for below, sub in resolver.namespace_dict.values():
        yield from templates(sub, prefix + below)


def addresses(ids: dict[str, Any]) -> dict[str, str]:
    """Return every address of the site by its template."""
    found = {}
    for template, parameters in templates(get_resolver()):
        own = next((value for start, value in ids.items() if template.startswith(start)), 1)
        found[template] = template % {name: OTHERS.get(name, own) for name in parameters}
    return dict(sorted(found.items(), key=lambda item: (any(word in item[0] for word in LAST), item[0])))


@pytest.mark.timeout(300)
def test_no_address_imports_what_workers_need(web: WebProcess, ids: dict[str, Any]) -> None:
    asked = {name: address for name, address in addresses(ids).items() if not name.startswith(FILES)}

    got = {template: web.ask("GET", address) for template, address in asked.items()}
    staying = [template for template in asked if "logout" not in template]
    posted = {template: web.ask("POST", asked[template], FORMS.get(template, {})) for template in staying}
    # What lies within a thing goes before the thing.
    deleted = {template: web.ask("DELETE", asked[template]) for template in staying[::-1] if API in template}
    left = {template: web.ask("POST", asked[template], {}) for template in asked if "logout" in template}

    answers = [(name, answer) for part in (got, posted, deleted, left) for name, answer in part.items()]
    assert {name: answer.imported for name, answer in answers if answer.imported} == {}
    reached = {name for name, answer in answers if answer.status not in UNREACHED}
    ours = {name for name in asked if not name.startswith(("admin/", "accounts/"))}
    assert ours - reached == NOTHING_HERE


@pytest.mark.timeout(300)
def test_questions_to_a_forecast_bring_nothing_heavy(web: WebProcess, ids: dict[str, Any]) -> None:
    pages, api = (f"{start}{ids[start]}/" for start in ("forecasts/", f"{API}forecasts/"))
    asked = [f"{pages}chance/?price=90&step=5", f"{pages}risk/?quantity=9&step=5"]
    asked += [f"{api}chances/?price=90&step=5", f"{api}risk/?quantity=9&step=5"]

    answers = [web.ask("GET", address) for address in asked]

    assert [(answer.status, answer.imported) for answer in answers] == [(200, [])] * 4


@pytest.mark.timeout(300)
def test_a_file_of_prices_brings_pandas_alone(web: WebProcess, ids: dict[str, Any]) -> None:
    draft = f"uploads/{ids['uploads/']}/"

    shown = web.ask("GET", draft)
    changed = web.ask("POST", draft, {"name": "WEB", "calendar": "XNYS"})
    kept = web.ask("POST", f"{draft}keep/", {"mode": "replace"})

    assert [shown.status, changed.status, kept.status] == [200, 302, 302]
    assert FORBIDDEN.isdisjoint(kept.imported)


@pytest.mark.timeout(300)
def test_only_calendars_bring_pandas(web: WebProcess) -> None:
    """An instrument that still trades needs to know its last closed session; that is all it brings."""
    InstrumentFactory(yahoo=True, symbol="MSFT")
    read = web.ask("GET", "instruments/MSFT/")

    asked = web.ask("POST", "api/v1/forecasts/", {"symbol": "MSFT", "method": "house"})

    assert (read.status, asked.status) == (200, 202)
    assert FORBIDDEN.isdisjoint(asked.imported)
