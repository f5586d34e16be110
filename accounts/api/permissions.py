"""Which token may do what."""

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts import scopes
from accounts.models import AuthToken

if TYPE_CHECKING:
    # It imports this module, as the default permission.
    from rest_framework.views import APIView


def held_scopes(request: Request) -> frozenset[str]:
    """Return what the request may do: all of it when it comes from a signed-in browser."""
    return scopes.expand(request.auth.scopes) if isinstance(request.auth, AuthToken) else scopes.ALL


class HasScope(BasePermission):
    """Let in who is signed in and holds the scope that the view asks for.

    A view says `read_scope` for safe methods ("read" unless it says otherwise) and `write_scope` for the
    others, which it must say if it has any.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not (request.user and request.user.is_authenticated):
            return False
        if request.method not in view.allowed_methods:
            return True  # so that the view answers 405
        needed = self._needed(request, view)
        self.message = f"This token lacks the scope “{needed}”. Make one that has it on the account page."
        return needed in held_scopes(request)

    def _needed(self, request: Request, view: "APIView") -> str:
        if request.method in SAFE_METHODS:
            return getattr(view, "read_scope", scopes.READ)
        needed: str | None = getattr(view, "write_scope", None)
        if needed not in scopes.ALL:
            raise ImproperlyConfigured(
                f"{type(view).__name__}.write_scope must be one of {sorted(scopes.ALL)}."
            )
        return needed
