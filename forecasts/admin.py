"""What staff may look at. Forecasts are read-only there: once issued they never change."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from forecasts.models import Evaluation, Forecast, ForecastRequest, Instrument, Watchlist

if TYPE_CHECKING:
    from django.db.models import Model

    Admin = admin.ModelAdmin[Model]
else:
    Admin = admin.ModelAdmin


class ReadOnlyAdmin(Admin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: "Model | None" = None) -> bool:
        return False


@admin.register(Instrument)
class InstrumentAdmin(ReadOnlyAdmin):
    list_display = ("symbol", "name", "source", "calendar", "data_revision", "fetched_at")
    list_filter = ("source", "kind")
    search_fields = ("symbol", "name")


@admin.register(Forecast)
class ForecastAdmin(ReadOnlyAdmin):
    list_display = ("instrument", "method", "horizon", "as_of", "status", "stage", "attempt", "created_at")
    list_filter = ("status", "method", "trust")
    list_select_related = ("instrument",)


@admin.register(ForecastRequest)
class ForecastRequestAdmin(ReadOnlyAdmin):
    list_display = ("id", "owner", "forecast", "created_at", "cancelled_at")
    list_select_related = ("owner", "forecast")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("instrument", "method", "data_month", "origins", "trust", "in_sample")
    list_filter = ("method", "trust")
    list_select_related = ("instrument",)


@admin.register(Watchlist)
class WatchlistAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "created_at")
    list_select_related = ("owner",)
