"""Addresses of the API. They end with a slash; a symbol is one segment of the path."""

from django.urls import path, re_path
from rest_framework.routers import SimpleRouter

from forecasts.api import views

router = SimpleRouter(use_regex_path=False)
router.register("instruments", views.InstrumentViewSet, basename="instrument")
router.register("watchlists", views.WatchlistViewSet, basename="watchlist")
router.register("alerts/events", views.AlertEventViewSet, basename="alert-event")
router.register("alerts", views.AlertRuleViewSet, basename="alert")
router.register("webhooks", views.WebhookViewSet, basename="webhook")
router.register("forecasts", views.ForecastViewSet, basename="forecast")
router.register("ledger", views.LedgerViewSet, basename="ledger-entry")
router.register("replays", views.ReplayViewSet, basename="replay")

app_name = "api"
urlpatterns = [
    # Before `instruments/{symbol}/`.
    path("instruments/uploads/", views.UploadViewSet.as_view({"post": "create"}), name="upload"),
    path("instruments/search/", views.SymbolSearchViewSet.as_view({"get": "list"}), name="symbol-search"),
    path(
        "watchlists/<uuid:id>/schedule/",
        views.ScheduleViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="watchlist-schedule",
    ),
    path(
        "alerts/settings/",
        views.NotificationsViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="alert-settings",
    ),
    path("track-record/", views.TrackRecordViewSet.as_view({"get": "retrieve"}), name="track-record"),
    *router.urls,
    path("schema/", views.SchemaView.as_view(), name="schema"),
    path("docs/", views.DocsView.as_view(), name="docs"),
    # Last of all under /api/v1/.
    re_path("", views.NothingHereView.as_view(), name="nothing_here"),
]
