"""Price files that people have uploaded and not yet decided to keep."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User

DRAFT_LIFETIME = timedelta(days=1)


class UploadDraftQuerySet(QuerySet["UploadDraft"]):
    def for_user(self, user: User) -> UploadDraftQuerySet:
        """A person's own drafts that have not expired."""
        return self.filter(owner=user, created_at__gt=timezone.now() - DRAFT_LIFETIME)

    def expired(self) -> UploadDraftQuerySet:
        return self.filter(created_at__lte=timezone.now() - DRAFT_LIFETIME)


class UploadDraft(models.Model):
    """A file as it came, and what its owner has said of it: previewed, then kept or thrown away."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_drafts"
    )
    name = models.CharField(max_length=32, help_text="The symbol without UPLOAD:.")
    filename = models.CharField(max_length=200)
    content = models.BinaryField()
    options = models.JSONField(
        default=dict, help_text="How to read it: date order, decimal mark, calendar, …"
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = UploadDraftQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.filename})"

    def get_absolute_url(self) -> str:
        return reverse("forecasts:upload_detail", args=[self.pk])
