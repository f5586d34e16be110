"""Prices of one's own: choosing a file, looking at what it holds, keeping it, and deleting it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.forms import CALENDARS, ReadingForm, UploadForm
from forecasts.models import UploadDraft
from forecasts.views.actions import action

if TYPE_CHECKING:
    import pandas as pd

    from forecasts.market_data.upload import Reading

page = require_http_methods(["GET", "HEAD", "POST"])

ROWS_SHOWN = 5
DAYS_SHOWN = 60


def _get(request: HttpRequest, pk: UUID) -> UploadDraft:
    mine = UploadDraft.objects.for_user(cast(User, request.user)).defer("content")
    return get_object_or_404(mine.select_related("owner"), pk=pk)


# Choosing a file ------------------------------------------------------------------------------------------


@login_required
@page
def upload_create(request: HttpRequest) -> HttpResponse:
    """Take a file; what cannot be read is said beside the field, and nothing is kept."""
    if request.method != "POST":
        return _create(request, UploadForm(initial={"name": request.GET.get("name", "")[:32]}))
    form = UploadForm(request.POST, request.FILES)
    try:
        services.refuse_too_large(request.META.get("CONTENT_LENGTH"))
        if form.is_valid():
            return redirect(_start(cast(User, request.user), form))
    except RequestRefused as refusal:
        form.errors.pop(str(refusal.field), None)
        form.refuse(refusal)
    return _create(request, form, status=400)


def _start(owner: User, form: UploadForm) -> UploadDraft:
    file, name = form.cleaned_data["file"], form.cleaned_data["name"]
    return services.start_draft(
        owner=owner, name=name, filename=file.name, content=file.read(), options=form.options()
    )


def _create(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    drafts = UploadDraft.objects.for_user(cast(User, request.user)).defer("content").order_by("-created_at")
    context = {"form": form, "drafts": drafts}
    return render(request, "forecasts/upload_form.html", context, status=status)


# Looking at it --------------------------------------------------------------------------------------------


@login_required
@page
def upload_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what a draft holds and what keeping it would do; a POST says how else to read it."""
    draft = _get(request, pk)
    if request.method != "POST":
        return _detail(request, draft, _form_of(draft))
    form = ReadingForm(request.POST)
    try:
        if form.is_valid():
            name, options = form.cleaned_data["name"], form.options()
            services.change_draft(draft=draft, name=name, options=options)
            return redirect(draft)
    except RequestRefused as refusal:
        form.refuse(refusal)
    return _detail(request, draft, form, status=400)


def _form_of(draft: UploadDraft) -> ReadingForm:
    return ReadingForm(initial={"name": draft.name, **draft.options})


def _detail(
    request: HttpRequest, draft: UploadDraft, form: ReadingForm, refused: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"draft": draft, "form": form, "refused": refused}
    try:
        look = services.look_at_draft(draft=draft)
    except RequestRefused as refusal:
        context["unreadable"] = refusal.message
    else:
        prospect = services.foresee_keeping(owner=draft.owner, look=look)
        context |= {"look": look, "reading": look.reading, "prospect": prospect, **_facts(look.reading)}
    return render(request, "forecasts/upload_detail.html", context, status=status)


def _facts(reading: Reading) -> dict[str, Any]:
    missing = reading.missing_sessions
    return {
        "calendar_words": dict(CALENDARS).get(reading.calendar, reading.calendar),
        "missing": missing[:DAYS_SHOWN],
        "missing_more": max(0, len(missing) - DAYS_SHOWN),
        "shown": _shown(reading),
    }


@dataclass(frozen=True)
class Shown:
    """The rows of a reading that a page shows: all, or the first and the last with `left_out` between."""

    first: list[tuple[date, Any]]
    last: list[tuple[date, Any]]
    left_out: int


def _shown(reading: Reading) -> Shown:
    bars = reading.bars
    if len(bars) <= 2 * ROWS_SHOWN:
        return Shown(_rows(bars), [], 0)
    return Shown(_rows(bars.head(ROWS_SHOWN)), _rows(bars.tail(ROWS_SHOWN)), len(bars) - 2 * ROWS_SHOWN)


def _rows(bars: pd.DataFrame) -> list[tuple[date, Any]]:
    days = [day.date() for day in bars.index]
    return list(zip(days, bars.itertuples(index=False), strict=True))


# Keeping it, or not ---------------------------------------------------------------------------------------


@action("forecasts:upload_detail")
def upload_keep(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep a draft in the way that the button says; where it is refused, the page says why."""
    draft = _get(request, pk)
    mode, skip = request.POST.get("mode", ""), request.POST.get("skip_bad_rows") == "yes"
    try:
        kept, written = services.keep_draft(draft=draft, mode=services.upload_mode(mode), skip_bad_rows=skip)
    except RequestRefused as refusal:
        return _detail(request, draft, _form_of(draft), refused=refusal.message, status=400)
    verb = "was" if written == 1 else "were"
    messages.success(request, f"{kept.symbol}: {services.count_of(written, 'session')} {verb} kept.")
    return redirect("forecasts:instrument_detail", symbol=kept.symbol)


@action("forecasts:upload_detail")
def upload_discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    draft = _get(request, pk)
    services.discard_draft(draft=draft)
    messages.success(request, f"The file {draft.filename} is thrown away.")
    return redirect("forecasts:instrument_list")


# Deleting it ----------------------------------------------------------------------------------------------


@login_required
@page
def upload_delete(request: HttpRequest, name: str) -> HttpResponse:
    owner = cast(User, request.user)
    instrument = services.own_upload(owner, services.UPLOAD_PREFIX + name.upper())
    if instrument is None:
        raise Http404("You have no such upload.")
    if request.method != "POST":
        context = {"instrument": instrument, "attached": services.attached_to(instrument)}
        return render(request, "forecasts/upload_delete.html", context)
    try:
        services.delete_upload(owner=owner, symbol=instrument.symbol)
    except RequestRefused as refusal:  # it went in another window meanwhile
        raise Http404(refusal.message) from refusal
    messages.success(request, f"{instrument.symbol} is deleted, with its prices and forecasts.")
    return redirect("forecasts:instrument_list")
