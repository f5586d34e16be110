"""What became of the forecasts: the track record's page and its charts, from stored figures alone."""

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from forecasts import charts
from forecasts.errors import RequestRefused
from forecasts.forms import TrackRecordForm
from forecasts.models import TrackRecord
from forecasts.services import find_track_record
from forecasts.views.record_report import record_report

CHARTS: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "coverage": charts.coverage_chart,
    "tenths": charts.tenths_chart,
    "reliability": charts.reliability_chart,
    "skill": charts.skill_chart,
}


@login_required
@require_safe
def track_record(request: HttpRequest) -> HttpResponse:
    """Words and tables; a choice that cannot be is said beside its field."""
    form = TrackRecordForm(request.GET)
    if not form.is_valid():
        return render(request, "forecasts/track_record.html", {"form": form}, status=400)
    try:
        record = _find(request, form.cleaned_data)
    except RequestRefused as refusal:
        form.refuse(refusal)
        return render(request, "forecasts/track_record.html", {"form": form}, status=404)
    context: dict[str, Any] = {"form": form, **record_report(record, form.cleaned_data["steps"])}
    return render(request, "forecasts/track_record.html", context)


@login_required
@require_safe
def track_record_chart(request: HttpRequest) -> HttpResponse:
    """One of CHARTS, `?chart=`, of the record that the other parameters choose."""
    form = TrackRecordForm(request.GET)
    draw = CHARTS.get(request.GET.get("chart", "coverage"))
    if draw is None or not form.is_valid():
        raise Http404("There is no such chart.")
    try:
        record = _find(request, form.cleaned_data)
    except RequestRefused as refusal:
        raise Http404(refusal.message) from refusal
    return JsonResponse(draw(record.figures, form.cleaned_data["steps"]).to_plotly_json())


def _find(request: HttpRequest, chosen: dict[str, str]) -> TrackRecord:
    user = cast(User, request.user)
    return find_track_record(user=user, symbol=chosen["symbol"], method=chosen["method"])
