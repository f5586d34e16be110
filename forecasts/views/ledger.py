"""The ledger as people read it: what was said, in the order in which it was said."""

import json
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from forecasts.ledger import parsed
from forecasts.models import LedgerEntry
from forecasts.models.ledger import LedgerQuerySet
from forecasts.services import printable
from forecasts.views.scored import scored

PAGE_SIZE = 50
LONGEST_SYMBOL = 40
LARGEST_NUMBER = 2**63 - 1


def _readable(request: HttpRequest) -> LedgerQuerySet:
    return LedgerEntry.objects.for_reader(cast(User, request.user))


@login_required
@require_safe
@never_cache
def ledger_list(request: HttpRequest) -> HttpResponse:
    """Newest entries first. A page goes on below a number, so that new entries shift nothing."""
    kind, symbol, before = _kind(request), _symbol(request), _before(request)
    entries = _readable(request).matching(kind=kind, symbol=symbol).newest_first()
    shown = list(entries.filter(number__lt=before)[: PAGE_SIZE + 1] if before else entries[: PAGE_SIZE + 1])
    context = {
        "entries": shown[:PAGE_SIZE],
        "older": shown[PAGE_SIZE - 1].number if len(shown) > PAGE_SIZE else None,
        "head": LedgerEntry.objects.last(),
        "kinds": LedgerEntry.Kind.choices,
        "kind": kind,
        "symbol": symbol,
        "before": before,
    }
    return render(request, "forecasts/ledger_list.html", context)


def _kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "")
    return kind if kind in LedgerEntry.Kind.values else ""


def _symbol(request: HttpRequest) -> str:
    return printable(request.GET.get("symbol", "")).strip()[:LONGEST_SYMBOL]


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return min(int(text), LARGEST_NUMBER) if text.isascii() and text.isdigit() and len(text) < 30 else None


@login_required
@require_safe
@never_cache
def ledger_detail(request: HttpRequest, number: int) -> HttpResponse:
    entry = get_object_or_404(_readable(request), pk=number)
    forecast = getattr(entry, "forecast", None)
    was_issued = entry.kind in (LedgerEntry.Kind.ISSUED, LedgerEntry.Kind.PRE_LEDGER)
    context = {
        "entry": entry,
        "forecast": forecast,
        "content": json.dumps(parsed(entry), indent=2, ensure_ascii=False) if entry.content else "",
        "erasure": getattr(entry, "erased_by", None),
        "scored": scored(forecast) if forecast and was_issued else None,
    }
    return render(request, "forecasts/ledger_detail.html", context)
