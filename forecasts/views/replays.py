"""Replays: asking for one, following it, and what it shows."""

from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import User
from forecasts.errors import RequestRefused
from forecasts.hindsight import PROMISED, coverage_of
from forecasts.models import Replay
from forecasts.services import request_replay
from forecasts.views.actions import action
from forecasts.views.forecasts import EAGER, EAGER_FOR, PATIENT

DEFAULT_STEP = 5


def _visible(request: HttpRequest, pk: UUID) -> Replay:
    replays = Replay.objects.visible_to(cast(User, request.user)).select_related("instrument")
    return get_object_or_404(replays, pk=pk)


@action("forecasts:instrument_detail")
def replay_create(request: HttpRequest, symbol: str) -> HttpResponse:
    method = request.POST.get("method", "")
    try:
        return redirect(request_replay(owner=cast(User, request.user), symbol=symbol, method=method))
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    return redirect("forecasts:instrument_detail", symbol=symbol)


@login_required
@require_safe
@never_cache
def replay_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    replay = _visible(request, pk)
    context: dict[str, Any] = {"replay": replay, "instrument": replay.instrument}
    if replay.status == Replay.Status.SUCCEEDED:
        context |= {
            "coverages": coverage_of(replay),
            "promised": list(PROMISED),
            "steps": Replay.STEPS,
            "default_step": DEFAULT_STEP,
        }
    elif not replay.is_finished:
        context |= _waiting(replay)
    return render(request, "forecasts/replay_detail.html", context)


@require_safe
@never_cache
def replay_progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return what a waiting page asks for again and again; once there is an end, the page reloads."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # signed out meanwhile: the page itself leads to signing in
    replay = _visible(request, pk)
    if replay.is_finished:
        return HttpResponseClientRefresh()
    return render(request, "forecasts/_replay_progress.html", {"replay": replay, **_waiting(replay)})


def _waiting(replay: Replay) -> dict[str, Any]:
    waited = timezone.now() - replay.created_at
    return {
        "every": EAGER if waited < EAGER_FOR else PATIENT,
        "is_slow": replay.status == Replay.Status.QUEUED and waited > EAGER_FOR,
    }
