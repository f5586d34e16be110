"""Addresses of the pages. A symbol is one path segment: dots, colons, carets and dashes are part of it."""

from django.urls import path

from forecasts.views import decisions, forecasts, home, instruments, quality, watchlists

app_name = "forecasts"
urlpatterns = [
    path("", home.home, name="home"),
    path("sample/chart.json", home.sample_chart, name="sample_chart"),
    path("methodology/", home.methodology, name="methodology"),
    path("watchlists/new/", watchlists.watchlist_create, name="watchlist_create"),
    path("watchlists/<uuid:pk>/", watchlists.watchlist_detail, name="watchlist_detail"),
    path("watchlists/<uuid:pk>/rename/", watchlists.watchlist_rename, name="watchlist_rename"),
    path("watchlists/<uuid:pk>/delete/", watchlists.watchlist_delete, name="watchlist_delete"),
    path("watchlists/<uuid:pk>/symbols/add/", watchlists.watchlist_add, name="watchlist_add"),
    path("watchlists/<uuid:pk>/symbols/remove/", watchlists.watchlist_remove, name="watchlist_remove"),
    path("watchlists/<uuid:pk>/forecasts/", watchlists.watchlist_forecast, name="watchlist_forecast"),
    path("instruments/", instruments.instrument_list, name="instrument_list"),
    path("instruments/<str:symbol>/", instruments.instrument_detail, name="instrument_detail"),
    path("instruments/<str:symbol>/prices/", quality.instrument_quality, name="instrument_quality"),
    path("instruments/<str:symbol>/chart.json", instruments.instrument_chart, name="instrument_chart"),
    path("instruments/<str:symbol>/forecasts/", instruments.forecast_create, name="forecast_create"),
    path("forecasts/", forecasts.forecast_list, name="forecast_list"),
    path("forecasts/<uuid:pk>/", forecasts.forecast_detail, name="forecast_detail"),
    path("forecasts/<uuid:pk>/progress/", forecasts.forecast_progress, name="forecast_progress"),
    path("forecasts/<uuid:pk>/cancel/", forecasts.forecast_cancel, name="forecast_cancel"),
    path("forecasts/<uuid:pk>/delete/", forecasts.forecast_delete, name="forecast_delete"),
    path("forecasts/<uuid:pk>/chance/", decisions.forecast_chance, name="forecast_chance"),
    path("forecasts/<uuid:pk>/risk/", decisions.forecast_risk, name="forecast_risk"),
    path("forecasts/<uuid:pk>/calibration.json", forecasts.calibration_chart, name="calibration_chart"),
    path("forecasts/<uuid:pk>/loss.json", forecasts.loss_chart, name="loss_chart"),
]
