"""Finding instruments, looking at one's prices, and asking for a forecast of it."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.models import User
from forecasts import calendars, charts
from forecasts.errors import RequestRefused
from forecasts.forms import ForecastForm
from forecasts.models import ForecastRequest, Instrument
from forecasts.services import (
    SAMPLE_PREFIX,
    Question,
    find_instrument,
    is_live_symbol,
    printable,
    request_forecast,
    search_instruments,
)
from forecasts.views.actions import action

PAGE_SIZE = 30
SUGGESTIONS = 8
RECENT = 10
RANGES = {
    "3m": ("3 months", 92),
    "6m": ("6 months", 183),
    "1y": ("1 year", 366),
    "5y": ("5 years", 1827),
    "all": ("All", None),
}
DEFAULT_RANGE = "1y"


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
def instrument_list(request: HttpRequest) -> HttpResponse:
    """Search results; for a field that completes as one types, only the first few as options."""
    text = printable(request.GET.get("q") or request.GET.get("symbol") or "").strip()[:200]
    reader = reader_of(request)
    found = search_instruments(user=reader, text=text)
    found = found if reader else found.samples()
    if request.htmx.target == "symbol-options":  # type: ignore[attr-defined]  # django-htmx's middleware sets it
        return render(request, "forecasts/_symbol_options.html", {"instruments": found[:SUGGESTIONS]})
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "text": text, "symbol": text.upper() if is_live_symbol(text) else ""}
    return render(request, "forecasts/instrument_list.html", context)


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
    return _detail(request, instrument, ForecastForm())


def _detail(
    request: HttpRequest, instrument: Instrument, form: ForecastForm, status: int = 200
) -> HttpResponse:
    newest = list(instrument.bars.final().order_by("-date")[:2])
    context = {
        "instrument": instrument,
        "form": form,
        "requests": _requests(reader_of(request), instrument),
        "bar": newest[0] if newest else None,
        "change": newest[0].close / newest[1].close - 1 if len(newest) == 2 else None,
        "first_date": instrument.bars.order_by("date").values_list("date", flat=True).first(),
        "ranges": [(key, label) for key, (label, _) in RANGES.items()],
        "default_range": DEFAULT_RANGE,
        "is_approximate": calendars.is_approximate(instrument.calendar),
    }
    return render(request, "forecasts/instrument_detail.html", context, status=status)


def _requests(reader: User | None, instrument: Instrument) -> list[ForecastRequest]:
    """Return the reader's newest requests of an instrument; a stranger has none."""
    if reader is None:
        return []
    mine = ForecastRequest.objects.for_user(reader).with_forecast().without_details().newest_first()
    return list(mine.filter(forecast__instrument=instrument)[:RECENT])


@require_safe
@strangers_see_samples
def instrument_chart(request: HttpRequest, symbol: str) -> HttpResponse:
    try:
        instrument = find_instrument(user=reader_of(request), symbol=symbol)
    except RequestRefused as refusal:
        raise Http404(refusal.message) from refusal
    bars = instrument.bars.final().order_by("date")
    first = _first_day(instrument, request.GET.get("range", DEFAULT_RANGE))
    figure = charts.price_chart(instrument, list(bars.filter(date__gte=first) if first else bars))
    return JsonResponse(figure.to_plotly_json())


def _first_day(instrument: Instrument, name: str) -> date | None:
    """Return where a range begins, counted from the last bar; None for all there is."""
    _, days = RANGES.get(name, RANGES[DEFAULT_RANGE])
    last = instrument.last_bar()
    return last.date - timedelta(days=days) if last and days else None


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
