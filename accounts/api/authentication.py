"""Signing in to the API with `Authorization: Token …`."""

from knox import crypto
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import AuthToken, User


class TokenAuthentication(KnoxTokenAuthentication):
    """Knox's header, looked up in one query; `request.auth` is the AuthToken."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        found = self._find(token)
        if found is None:
            raise AuthenticationFailed(
                "This token is unknown or revoked. Make a new one on the account page."
            )
        if found.is_expired:
            raise AuthenticationFailed(
                f"This token expired on {found.expiry:%Y-%m-%d}. Make a new one on the account page."
            )
        if not found.user.is_active:
            raise AuthenticationFailed("This account is switched off. Ask whoever runs the site.")
        found.record_use()
        return found.user, found

    def _find(self, token: bytes) -> AuthToken | None:
        try:
            digest = crypto.hash_token(token.decode())
        except UnicodeDecodeError:
            return None
        return AuthToken.objects.select_related("user").filter(digest=digest).first()
