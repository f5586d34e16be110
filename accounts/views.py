"""The account pages under /account/; signing in and up is django-allauth's, under /accounts/."""

from typing import cast
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.forms import DeleteAccountForm, ProfileForm, TokenForm
from accounts.models import AuthToken, User
from accounts.services import create_token, revoke_token

page = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@page
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=cast(User, request.user))
    if request.method == "POST" and form.is_valid():
        form.save(commit=False).save(update_fields=["name"])
        messages.success(request, "Your profile is saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form})


@login_required
@page
@never_cache
def token_list(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form, plain = TokenForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        plain = _create(user, form)
    context = {
        "form": TokenForm() if plain else form,
        "plain": plain,
        "tokens": AuthToken.objects.for_user(user),
    }
    return render(request, "accounts/token_list.html", context)


def _create(user: User, form: TokenForm) -> str | None:
    """Return the new token's plain text; None leaves the reason in the form's errors."""
    try:
        return create_token(user=user, **form.cleaned_data)[1]
    except ValidationError as error:
        form.add_error(None, error)
        return None


@login_required
@page
def token_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = cast(User, request.user)
    token = get_object_or_404(AuthToken.objects.for_user(user), public_id=public_id)
    if request.method != "POST":
        return render(request, "accounts/token_revoke.html", {"token": token})
    revoke_token(user=user, public_id=public_id)
    messages.success(request, f"“{token.name}” is revoked. Whatever still uses it is refused from now on.")
    return redirect("accounts:token_list")


@login_required
@page
@never_cache
@sensitive_post_parameters("password")
def account_delete(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method == "POST" and not ratelimit.consume(request, action="reauthenticate", user=user):
        return cast(HttpResponse, ratelimit.respond_429(request))
    form = DeleteAccountForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        logout(request)
        with transaction.atomic():
            # Under the account's lock nothing can be added to it while all that it has is deleted.
            User.objects.select_for_update().get(pk=user.pk)
            user.delete()
        messages.success(request, "Your account and all that belonged to it are deleted.")
        return redirect("/")
    return render(request, "accounts/account_delete.html", {"form": form})
