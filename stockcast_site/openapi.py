"""How the API describes itself: settings that no site would change, and so not from the environment."""

from typing import Any

DRF_STANDARDIZED_ERRORS: dict[str, Any] = {
    # What a reader of the documentation meets; 405, 406, 415 and 500 have the same shape.
    "ALLOWED_ERROR_STATUS_CODES": ["400", "401", "403", "404", "429"],
    "ERROR_SCHEMAS": dict.fromkeys(
        ("400", "401", "403", "404", "429"), "forecasts.api.serializers.ProblemSerializer"
    ),
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "StockCast API",
    "DESCRIPTION": "Calibrated stock forecasts, with the evidence that they deserve trust, or the plain "
    "statement that they do not.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ForecastMethodEnum": "forecasts.models.Forecast.Method",
        "ForecastStatusEnum": "forecasts.models.Forecast.Status",
        "ForecastStageEnum": "forecasts.models.Forecast.Stage",
        "ForecastShownEnum": "forecasts.models.Forecast.Shown",
        "TrustEnum": "forecasts.models.Trust",
        "InstrumentKindEnum": "forecasts.models.Instrument.Kind",
        "AlertKindEnum": "forecasts.models.AlertRule.Kind",
        "LedgerKindEnum": "forecasts.models.LedgerEntry.Kind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
    ],
}
