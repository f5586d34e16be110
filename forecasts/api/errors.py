"""What the services refuse, as answers in the API's one shape of errors."""

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError

from forecasts.errors import RequestRefused

WHOLE_REQUEST = "non_field_errors"
CONFLICTS = ("already_finished", "still_waiting", "webhook_disabled")


class Conflict(APIException):
    """Fine in itself, but not in the state that the thing is in now."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class KeyReused(ValidationError):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class Busy(APIException):
    """`wait` becomes the Retry-After header."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait = 1


def as_api_error(refusal: RequestRefused) -> APIException:
    """Return the answer to a refusal: 400 with the field it is about, but for the codes named here."""
    if refusal.code in CONFLICTS:
        return Conflict(refusal.message, refusal.code)
    if refusal.code in ("watchlist_gone", "webhook_gone", "rule_gone"):
        return NotFound(refusal.message)
    if refusal.code == "busy":
        return Busy(refusal.message, refusal.code)
    kind = KeyReused if refusal.code == "idempotency_key_reused" else ValidationError
    return kind({refusal.field or WHOLE_REQUEST: [ErrorDetail(refusal.message, refusal.code)]})
