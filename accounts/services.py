"""What changes an account beyond a single row. What is refused is a Django ValidationError by field."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import scopes as scope_names
from accounts.models import AuthToken, User

DEFAULT_EXPIRY_DAYS = 90
MAX_EXPIRY_DAYS = 366
MAX_TOKENS = 50


@transaction.atomic
def create_token(
    *,
    user: User,
    name: str,
    scopes: Iterable[str],
    expiry_days: int = DEFAULT_EXPIRY_DAYS,
    limit_to: AuthToken | None = None,
) -> tuple[AuthToken, str]:
    """Return the new token and its plain text, which cannot be had again.

    `limit_to` is the token that asks for this one: the new one does not outlive it nor hold a scope it lacks.
    """
    name, scopes = name.strip(), scope_names.ordered(_known(scopes))
    _check(name, scopes, expiry_days, limit_to)
    _make_room(user)
    lifetime = timedelta(days=expiry_days)
    if limit_to:
        lifetime = min(lifetime, limit_to.expiry - timezone.now())
    created: tuple[AuthToken, str] = AuthToken.objects.create(  # type: ignore[no-untyped-call]  # knox has no types
        user, expiry=lifetime, name=name, scopes=scopes
    )
    return created


def revoke_token(*, user: User, public_id: UUID) -> bool:
    """Return whether `user` had such a token."""
    deleted, _ = AuthToken.objects.for_user(user).filter(public_id=public_id).delete()
    return deleted > 0


def _known(scopes: Iterable[str]) -> list[str]:
    asked = list(scopes)
    unknown = [scope for scope in asked if scope not in scope_names.DESCRIPTIONS]
    if unknown:
        known = ", ".join(scope_names.DESCRIPTIONS)
        raise ValidationError({"scopes": f"There is no scope {', '.join(unknown)}. Choose from {known}."})
    return asked


def _check(name: str, scopes: list[str], expiry_days: int, limit_to: AuthToken | None) -> None:
    problems = {}
    if not 1 <= len(name) <= 100:
        problems["name"] = "Give the token a name of 1 to 100 characters."
    if not 1 <= expiry_days <= MAX_EXPIRY_DAYS:
        problems["expiry_days"] = f"Choose a lifetime of 1 to {MAX_EXPIRY_DAYS} days."
    if not scopes:
        problems["scopes"] = "Choose at least one scope."
    elif limit_to and (lacking := scope_names.expand(scopes) - scope_names.expand(limit_to.scopes)):
        problems["scopes"] = (
            f"The token you asked with lacks {', '.join(sorted(lacking))}, so it cannot hand that on. "
            "Leave it out, or make the token on the account page."
        )
    if problems:
        raise ValidationError(problems)


def _make_room(user: User) -> None:
    """Forget the user's expired tokens, and refuse if the rest fill their share."""
    # Under the user's lock, or requests at the same moment would overrun the limit.
    User.objects.select_for_update().get(pk=user.pk)
    tokens = AuthToken.objects.for_user(user)
    tokens.expired().delete()
    if tokens.count() >= MAX_TOKENS:
        raise ValidationError(f"You have {MAX_TOKENS} tokens, the most there can be. Revoke one first.")
