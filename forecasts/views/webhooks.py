"""A person's webhooks: their list, and for each its secret, its log and what can be done to it."""

from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from forecasts import services
from forecasts.errors import RequestRefused
from forecasts.forms import WebhookForm
from forecasts.models import Delivery, Webhook
from forecasts.views.actions import action

DELIVERIES_A_PAGE = 25

page = require_http_methods(["GET", "HEAD", "POST"])


def _get(request: HttpRequest, pk: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.for_user(cast(User, request.user)), pk=pk)


def _change(request: HttpRequest, pk: UUID, change: Callable[..., object]) -> Webhook:
    """Change a webhook; one that is deleted in another window at this moment is not found."""
    webhook = _get(request, pk)
    try:
        change(webhook=webhook)
    except RequestRefused as refusal:
        raise Http404(refusal.message) from refusal
    return webhook


@login_required
@page
def webhook_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = WebhookForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_webhook(owner=user, url=form.cleaned_data["url"])
        except RequestRefused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "The webhook is made. Give its receiver the secret below.")
            return redirect("forecasts:webhook_secret", made.pk)
    context = {"form": form, "webhooks": Webhook.objects.for_user(user), "most": services.MAX_WEBHOOKS}
    return render(request, "forecasts/webhook_list.html", context)


@login_required
@require_safe
def webhook_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    webhook = _get(request, pk)
    log = webhook.deliveries.select_related("alert__instrument").prefetch_related("log")
    shown = Paginator(log, DELIVERIES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "webhook": webhook,
        "page": shown,
        "is_pending": any(delivery.is_under_way for delivery in shown),
    }
    return render(request, "forecasts/webhook_detail.html", context)


@login_required
@require_safe
@never_cache
def webhook_secret(request: HttpRequest, pk: UUID) -> HttpResponse:
    webhook = _get(request, pk)
    secret = services.webhook_secret(webhook=webhook)
    return render(request, "forecasts/webhook_secret.html", {"webhook": webhook, "secret": secret})


@action("forecasts:webhook_secret")
def webhook_rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    _change(request, pk, services.rotate_secret)
    messages.success(request, "The secret is replaced. For 24 hours posts are signed with the old one too.")
    return redirect("forecasts:webhook_secret", pk)


@action("forecasts:webhook_detail")
def webhook_test(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _sending(request, _get(request, pk), None)


@action("forecasts:webhook_detail")
def webhook_replay(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send again the delivery that the form names."""
    webhook = _get(request, pk)
    try:
        wanted = UUID(request.POST.get("delivery", ""))
    except ValueError:
        wanted = webhook.pk  # no delivery's
    return _sending(request, webhook, get_object_or_404(webhook.deliveries, pk=wanted))


def _sending(request: HttpRequest, webhook: Webhook, again: Delivery | None) -> HttpResponse:
    """Send a test, or something again, and say why not."""
    try:
        if again:
            services.replay_delivery(delivery=again)
        else:
            services.send_test(webhook=webhook)
    except RequestRefused as refusal:
        messages.warning(request, refusal.message)
    else:
        messages.success(request, "It is on its way. The log says what comes of it.")
    return redirect(webhook)


@action("forecasts:webhook_detail")
def webhook_enable(request: HttpRequest, pk: UUID) -> HttpResponse:
    webhook = _change(request, pk, services.enable_webhook)
    messages.success(request, "The webhook is enabled. What it missed can be sent again from the log.")
    return redirect(webhook)


@action("forecasts:webhook_detail")
def webhook_disable(request: HttpRequest, pk: UUID) -> HttpResponse:
    webhook = _change(request, pk, services.disable_webhook)
    messages.success(request, "The webhook is disabled, and what waited for it is dropped.")
    return redirect(webhook)


@login_required
@page
def webhook_delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    if request.method != "POST":
        return render(request, "forecasts/webhook_delete.html", {"webhook": _get(request, pk)})
    webhook = _change(request, pk, services.delete_webhook)
    messages.success(request, f"The webhook to {webhook.url} is deleted.")
    return redirect("forecasts:webhook_list")
