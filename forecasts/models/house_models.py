"""House models that this site trained itself, beside those that are shipped."""

from __future__ import annotations

import hashlib
from datetime import date as Date
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from forecasts import vintages

# A training renews its lease every minute; one that stays silent for so long was killed.
TRAINING_LEASE = timedelta(minutes=10)


class HouseModelQuerySet(QuerySet["HouseModel"]):
    """Each change of status is a conditional UPDATE: whoever comes second changes nothing."""

    def champion(self) -> HouseModel | None:
        """Return the model that answers for the house, its weights left where they are."""
        return self.defer("weights").filter(status=HouseModel.Status.CHAMPION).first()

    def challenger(self) -> HouseModel | None:
        """Return the model that forecasts in the shadow, its weights left where they are."""
        return self.defer("weights").filter(status=HouseModel.Status.CHALLENGER).first()

    def release_hash(self) -> str:
        """Return what a forecast's question names: the shipped models, and the champion where there is one.

        So a forecast asked for after a promotion or a rollback is another one than that asked for before.
        """
        shipped = vintages.release_hash()
        champion = self.filter(status=HouseModel.Status.CHAMPION).values_list("sha256", flat=True).first()
        return hashlib.sha256(f"{shipped} {champion}".encode()).hexdigest() if champion else shipped

    def begin(self, until: Date) -> HouseModel | None:
        """Claim the one place in training; None while somebody else holds it."""
        self.end_silent()
        try:
            with transaction.atomic():
                return self.create(
                    status=HouseModel.Status.TRAINING, trained_until=until, lease_until=_lease_end()
                )
        except IntegrityError:
            return None

    def end_silent(self) -> int:
        """End trainings whose worker was killed, so that another can begin."""
        silent = self.filter(status=HouseModel.Status.TRAINING, lease_until__lt=timezone.now())
        return silent.update(**_rejected("Its training was killed."))

    def held(self, row: HouseModel) -> HouseModelQuerySet:
        """The row, if this training still holds its claim."""
        return self.filter(pk=row.pk, status=HouseModel.Status.TRAINING)

    def renew(self, row: HouseModel) -> bool:
        """Prolong the lease; False means that the claim was lost and training must stop."""
        return bool(self.held(row).update(lease_until=_lease_end()))

    def reject(self, row: HouseModel, note: str, **fields: Any) -> bool:
        """End a training, or a challenger that was judged."""
        return bool(self.filter(pk=row.pk, status=row.status).update(**_rejected(note), **fields))

    def enter(self, row: HouseModel, **trained: Any) -> bool:
        """Make what was trained (`sha256`, `card`, `weights`) the challenger, in an earlier one's place."""
        with transaction.atomic():
            if not self.held(row).select_for_update().exists():
                return False
            earlier = self.filter(status=HouseModel.Status.CHALLENGER)
            earlier.update(**_rejected("A newer model took its place before it was proven."))
            self.held(row).update(status=HouseModel.Status.CHALLENGER, lease_until=None, **trained)
        return True

    def promote(self, row: HouseModel, note: str) -> bool:
        """Let the challenger answer in the champion's place; False if it is the challenger no more."""
        now = timezone.now()
        with transaction.atomic():
            challenger = self.filter(pk=row.pk, status=HouseModel.Status.CHALLENGER)
            if not challenger.select_for_update().exists():
                return False
            champion = self.filter(status=HouseModel.Status.CHAMPION)
            champion.update(status=HouseModel.Status.RETIRED, ended_at=now)
            challenger.update(status=HouseModel.Status.CHAMPION, promoted_at=now, note=note)
        return True

    def roll_back(self) -> tuple[HouseModel, HouseModel | None] | None:
        """Retire the champion and let the one before it answer again, or the shipped models.

        Return both, the second None for the shipped ones; None where there is no champion.
        """
        now = timezone.now()
        with transaction.atomic():
            locked = self.defer("weights").select_for_update()
            champion = locked.filter(status=HouseModel.Status.CHAMPION).first()
            if champion is None:
                return None
            # It answered until this one was promoted, so it ended last of those that were there before.
            before = (
                locked.filter(status=HouseModel.Status.RETIRED, promoted_at__lt=champion.promoted_at)
                .order_by(F("ended_at").desc())
                .first()
            )
            self.filter(pk=champion.pk).update(
                status=HouseModel.Status.RETIRED, ended_at=now, note=f"{champion.note} It was rolled back."
            )
            if before is not None:
                self.filter(pk=before.pk).update(status=HouseModel.Status.CHAMPION, ended_at=None)
        return champion, before


def _lease_end() -> Any:
    return timezone.now() + TRAINING_LEASE


def _rejected(note: str) -> dict[str, Any]:
    return {
        "status": HouseModel.Status.REJECTED,
        "note": note,
        "lease_until": None,
        "ended_at": timezone.now(),
    }


class HouseModel(models.Model):
    """Weights and card of a model trained here: every worker can load it, whichever machine it runs on.

    There is one champion at most; without one the shipped vintages answer. A challenger forecasts in the
    shadow: its quantiles are frozen in the ledger beside those shown, and scored.
    """

    class Status(models.TextChoices):
        TRAINING = "training", "being trained"
        CHALLENGER = "challenger", "forecasts in the shadow"
        CHAMPION = "champion", "answers for the house"
        RETIRED = "retired", "was champion once"
        REJECTED = "rejected", "was no better, or failed its self-test"

    status = models.CharField(max_length=12, choices=Status)
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the weights' file.")
    trained_until = models.DateField()
    card = models.JSONField(null=True, blank=True)
    weights = models.BinaryField(null=True, blank=True, help_text="A safetensors file.")
    note = models.TextField(blank=True, help_text="Why it was promoted, rejected or rolled back.")
    created_at = models.DateTimeField(auto_now_add=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="While it is being trained.")
    promoted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = HouseModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="champion"), name="one_champion"),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="challenger"), name="one_challenger"
            ),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="training"), name="one_in_training"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.sha256[:12]} until {self.trained_until}"
