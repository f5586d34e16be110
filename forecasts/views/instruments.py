"""Looking at an instrument's prices, and asking for a forecast of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import conditional_page, require_safe
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event

from accounts.models import User
from forecasts import calendars, charts
from forecasts.errors import RequestRefused
from forecasts.forms import ForecastForm
from forecasts.models import ForecastRequest, Instrument
from forecasts.quality import summary_of
from forecasts.services import (
    SAMPLE_PREFIX,
    Question,
    ask_for_prices,
    find_instrument,
    freshness_of,
    request_forecast,
)
from forecasts.views.actions import action

RECENT = 10
RANGES = {
    "3m": ("3 months", 92),
    "6m": ("6 months", 183),
    "1y": ("1 year", 366),
    "5y": ("5 years", 1827),
    "all": ("All", None),
}
DEFAULT_RANGE = "1y"
# Seconds: a page that waits for prices asks often at first, then takes its time.
EAGER, PATIENT = 2, 5


def reader_of(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def strangers_see_samples(view: Callable[[HttpRequest, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """Lead a stranger to sign in, known symbol or not: prices from Yahoo are not for publishing."""

    @wraps(view)
    def run(request: HttpRequest, symbol: str) -> HttpResponse:
        if reader_of(request) is None and not symbol.upper().startswith(SAMPLE_PREFIX):
            return redirect_to_login(request.get_full_path())
        return view(request, symbol)

    return run


@require_safe
@strangers_see_samples
def instrument_detail(request: HttpRequest, symbol: str) -> HttpResponse:
    try:
        instrument = find_instrument(user=reader_of(request), symbol=symbol)
    except RequestRefused as refusal:
        context = {"symbol": symbol.upper(), "refusal": refusal, "form": ForecastForm()}
        return render(request, "forecasts/instrument_unknown.html", context, status=404)
    if symbol != instrument.symbol:
        return redirect("forecasts:instrument_detail", symbol=instrument.symbol)
    ask_for_prices(instrument)
    return _detail(request, instrument, ForecastForm())


def _detail(
    request: HttpRequest, instrument: Instrument, form: ForecastForm, status: int = 200
) -> HttpResponse:
    context = {
        "instrument": instrument,
        "form": form,
        "requests": _requests(reader_of(request), instrument),
        "ranges": [(key, label) for key, (label, _) in RANGES.items()],
        "default_range": DEFAULT_RANGE,
        "is_approximate": calendars.is_approximate(instrument.calendar),
        "quality": summary_of(instrument),
        **_prices(instrument),
    }
    return render(request, "forecasts/instrument_detail.html", context, status=status)


def _prices(instrument: Instrument) -> dict[str, Any]:
    """Return what the page says of the newest prices, and of newer ones that are being fetched."""
    newest = list(instrument.bars.closed().with_finality().order_by("-date")[:2])
    freshness = freshness_of(instrument)
    return {
        "bar": newest[0] if newest else None,
        "change": newest[0].close / newest[1].close - 1 if len(newest) == 2 else None,
        "first_date": instrument.bars.order_by("date").values_list("date", flat=True).first(),
        "freshness": freshness,
        "every": PATIENT if freshness and freshness.is_slow else EAGER,
    }


def _requests(reader: User | None, instrument: Instrument) -> list[ForecastRequest]:
    """Return the reader's newest requests of an instrument; a stranger has none."""
    if reader is None:
        return []
    mine = ForecastRequest.objects.for_user(reader).with_forecast().without_details().newest_first()
    return list(mine.filter(forecast__instrument=instrument)[:RECENT])


@require_safe
@never_cache
def instrument_freshness(request: HttpRequest, symbol: str) -> HttpResponse:
    """Return what a page that waits for newer prices asks for; 204 while there is nothing new to say.

    `shown` is the day of the last price on the page, empty without any, and `every` how often it asks.
    """
    if reader_of(request) is None:
        return HttpResponseClientRefresh()  # signed out meanwhile: the page itself leads to signing in
    instrument = _instrument_or_404(request, symbol)
    prices, shown = _prices(instrument), request.GET.get("shown")
    if prices["freshness"] and prices["freshness"].is_fetching:
        if request.GET.get("every") == str(prices["every"]):
            return HttpResponse(status=204)
    elif prices["bar"] and not shown:
        return HttpResponseClientRefresh()  # a page without a chart becomes one with
    has_news = prices["bar"] is not None and prices["bar"].date.isoformat() != shown
    context = {"instrument": instrument, "has_news": has_news, **prices}
    response = render(request, "forecasts/_freshness.html", context)
    return trigger_client_event(response, "prices-changed") if has_news else response


def _instrument_or_404(request: HttpRequest, symbol: str) -> Instrument:
    try:
        return find_instrument(user=reader_of(request), symbol=symbol)
    except RequestRefused as refusal:
        raise Http404(refusal.message) from refusal


@require_safe
@conditional_page
@cache_control(private=True, no_cache=True)
@strangers_see_samples
def instrument_chart(request: HttpRequest, symbol: str) -> HttpResponse:
    """A figure of one of RANGES; a browser that has it already is told so instead of being sent it again."""
    instrument = _instrument_or_404(request, symbol)
    bars = instrument.bars.closed().order_by("date")
    last = bars.aggregate(last=Max("date"))["last"]
    _, days = RANGES.get(request.GET.get("range", DEFAULT_RANGE), RANGES[DEFAULT_RANGE])
    if last and days:
        bars = bars.filter(date__gte=last - timedelta(days=days))
    # Rows alone: forty years of model objects take longer than all the rest.
    candles = [charts.Candle(*row) for row in bars.values_list(*charts.Candle._fields)]
    return JsonResponse(charts.price_chart(instrument, candles).to_plotly_json())


@action("forecasts:instrument_detail")
def forecast_create(request: HttpRequest, symbol: str) -> HttpResponse:
    """Ask for a forecast; a refusal is said beside the field that it is about, and nothing is kept."""
    user, form = cast(User, request.user), ForecastForm(request.POST)
    if form.is_valid():
        try:
            return redirect(request_forecast(owner=user, question=Question(symbol, **form.cleaned_data)))
        except RequestRefused as refusal:
            form.refuse(refusal)
    return _refused(request, user, symbol, form)


def _refused(request: HttpRequest, user: User, symbol: str, form: ForecastForm) -> HttpResponse:
    try:
        return _detail(request, find_instrument(user=user, symbol=symbol), form, status=400)
    except RequestRefused as refusal:
        context: dict[str, Any] = {"symbol": symbol.upper(), "refusal": refusal, "form": form}
        return render(request, "forecasts/instrument_unknown.html", context, status=400)
