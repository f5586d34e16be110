"""People and the tokens their programs sign in with."""

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from knox.models import AbstractAuthToken
from knox.models import AuthTokenManager as KnoxTokenManager

from accounts import scopes


class LowerCaseEmailField(models.EmailField):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An address that is stored, and looked for, in lower case."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.lower() if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Without a password nobody can sign in as this user until one is set by email."""
        if not email:
            raise ValueError("A user needs an email address.")
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    email = LowerCaseEmailField(
        "email address",
        unique=True,
        error_messages={"unique": "Somebody already uses this email address."},
    )
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(
        "active", default=True, help_text="Clear this instead of deleting the account to shut somebody out."
    )
    is_staff = models.BooleanField("staff", default=False, help_text="May sign in to the admin site.")
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return str(self.email)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.get_full_name()


class TokenQuerySet(models.QuerySet["AuthToken"]):
    def for_user(self, user: User) -> Self:
        return self.filter(user=user)

    def active(self) -> Self:
        return self.filter(expiry__gt=timezone.now())

    def expired(self) -> Self:
        return self.filter(expiry__lte=timezone.now())


TokenManager = KnoxTokenManager.from_queryset(TokenQuerySet)


class AuthToken(AbstractAuthToken):
    """A program's key to one account. Only its digest is kept, so it can be shown but once."""

    # To the minute: a busy program must not turn every request into a write.
    USE_RESOLUTION = timedelta(minutes=1)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=32))
    expiry = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[TokenManager] = TokenManager()

    class Meta:
        ordering = ["-created", "digest"]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_expired(self) -> bool:
        return self.expiry <= timezone.now()

    def holds(self, scope: str) -> bool:
        return scope in scopes.expand(self.scopes)

    def record_use(self) -> None:
        """Note that the token was used now, at most once per `USE_RESOLUTION` however many ask at once."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - self.USE_RESOLUTION:
            stale = models.Q(last_used_at=None) | models.Q(last_used_at__lte=now - self.USE_RESOLUTION)
            type(self).objects.filter(stale, pk=self.pk).update(last_used_at=now)
