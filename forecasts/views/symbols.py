"""Finding instruments and symbols, on a page of their own and while one types."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import trigger_client_event

from accounts.models import User
from forecasts.errors import RequestRefused
from forecasts.services import (
    FoundSymbols,
    ask_for_prices,
    find_instrument,
    find_or_register,
    follow_renaming,
    is_live_symbol,
    printable,
    search_instruments,
    search_symbols,
)
from forecasts.views.actions import action
from forecasts.views.instruments import reader_of

PAGE_SIZE = 30
SUGGESTIONS = 10
LONGEST_TEXT = 200


def _text(request: HttpRequest) -> str:
    return printable(request.GET.get("q") or request.GET.get("symbol") or "").strip()[:LONGEST_TEXT]


@never_cache
@require_safe
def instrument_list(request: HttpRequest) -> HttpResponse:
    """Instruments with prices here, and below them symbols that a source lists."""
    text, reader = _text(request), reader_of(request)
    stored = search_instruments(user=reader, text=text)
    stored = stored if reader else stored.samples()
    found = search_symbols(user=reader, text=text)
    here = set(
        stored.filter(symbol__in=[one.symbol for one in found.results]).values_list("symbol", flat=True)
    )
    context = {
        "page": Paginator(stored, PAGE_SIZE).get_page(request.GET.get("page")),
        "text": text,
        "found": found,
        "listed": [one for one in found.results if one.symbol not in here],
        "symbol": text.upper() if is_live_symbol(text) else "",
    }
    return render(request, "forecasts/instrument_list.html", context)


@never_cache
@require_safe
def symbol_options(request: HttpRequest) -> HttpResponse:
    """What fits the text in a field; events tell it how many that are, and to ask again if more may come."""
    found = search_symbols(user=reader_of(request), text=_text(request), limit=SUGGESTIONS)
    response = render(request, "forecasts/_symbol_options.html", {"found": found})
    trigger_client_event(
        response, "symbols-found", {"message": found.message or _count(found)}, after="settle"
    )
    if not found.complete:
        trigger_client_event(response, "symbols-pending", after="settle")
    return response


def _count(found: FoundSymbols) -> str:
    count = len(found.results)
    return f"{count} symbol{'' if count == 1 else 's'} found." if count else "Nothing known fits."


@never_cache
@require_safe
def symbol_similar(request: HttpRequest) -> HttpResponse:
    """What one may have meant by a symbol that is not known: what fits it without its exchange."""
    symbol = _text(request)
    stem = symbol.partition(".")[0].lstrip("^") or symbol
    found = search_symbols(user=reader_of(request), text=stem, limit=SUGGESTIONS)
    context = {
        "found": found,
        "symbol": symbol,
        "listed": [one for one in found.results if one.symbol != symbol.upper()],
    }
    return render(request, "forecasts/_similar.html", context)


@action("forecasts:instrument_detail")
def symbol_fetch(request: HttpRequest, symbol: str) -> HttpResponse:
    """Take up a symbol and have its prices fetched, without a forecast."""
    try:
        instrument = find_or_register(user=cast(User, request.user), symbol=symbol)
    except RequestRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("forecasts:instrument_list")
    ask_for_prices(instrument)
    return redirect("forecasts:instrument_detail", symbol=instrument.symbol)


@action("forecasts:instrument_detail")
def symbol_follow(request: HttpRequest, symbol: str) -> HttpResponse:
    """Go on with what the source calls an instrument now."""
    user = cast(User, request.user)
    try:
        successor = follow_renaming(user=user, instrument=find_instrument(user=user, symbol=symbol))
    except RequestRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("forecasts:instrument_detail", symbol=symbol)
    messages.success(request, f"{successor.symbol} is in the place of {symbol} on your watchlists.")
    return redirect("forecasts:instrument_detail", symbol=successor.symbol)
