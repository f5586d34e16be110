"""`instruments/uploads/`: a private history from a file; and deleting it."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParserError
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ErrorDetail, NotFound, ParseError, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from forecasts import services
from forecasts.api.serializers import UploadBodySerializer, UploadSerializer
from forecasts.api.views.base import ApiViewSet
from forecasts.errors import RequestRefused
from forecasts.models import Instrument
from forecasts.services import BadRows, Look, Mode

if TYPE_CHECKING:
    from forecasts.market_data.upload import Problem

PROBLEMS_LISTED = 100


class UploadViewSet(ApiViewSet[Instrument]):
    """Uploads are what forecasts are asked of, so a token that may ask for these may bring the prices."""

    write_scope = "forecasts:write"
    parser_classes = (MultiPartParser,)
    serializer_class = UploadSerializer
    queryset = Instrument.objects.none()

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, BadRows):
            exc = _bad_rows(exc)
        elif isinstance(exc, SuspiciousOperation | MultiPartParserError | ParseError):
            exc = ParseError("This form cannot be read. Send a multipart form with a file and a name.")
        return super().handle_exception(exc)

    @extend_schema(
        operation_id="instruments_upload",
        summary="Upload a private price history",
        description="CSV or Parquet. A file with bad rows is refused, each named, unless `skip_bad_rows` is "
        "true. With `preview` nothing is kept and the answer is 200.",
        request={"multipart/form-data": UploadBodySerializer},
        responses={201: UploadSerializer, 200: UploadSerializer},
    )
    def create(self, request: Request) -> Response:
        _ = request.data  # a body that is not read to its end would cut the connection before the answer
        services.refuse_too_large(request.META.get("CONTENT_LENGTH"))
        body = self.read_body(UploadBodySerializer)
        file = body["file"]
        look = services.look_into(
            owner=self.user,
            name=body["name"],
            content=file.read(),
            filename=file.name,
            options=body["options"],
        )
        return self._preview(look) if body["preview"] else self._keep(look, Mode(body["mode"]))

    def _preview(self, look: Look) -> Response:
        prospect = services.foresee_keeping(owner=self.user, look=look)
        shown = {"look": look, "instrument": None, "kept": 0, "prospect": prospect.in_words}
        return Response(self.get_serializer(shown).data)

    def _keep(self, look: Look, mode: Mode) -> Response:
        instrument, written = services.keep_upload(owner=self.user, look=look, mode=mode)
        fresh = Instrument.objects.with_span().get(pk=instrument.pk)
        shown = {"look": look, "instrument": fresh, "kept": written, "prospect": None}
        where = reverse("api:instrument-detail", args=[fresh.symbol], request=self.request)
        return Response(self.get_serializer(shown).data, status.HTTP_201_CREATED, headers={"Location": where})


def _bad_rows(refusal: BadRows) -> ValidationError:
    """Say first what is wrong as a whole, then each bad row, up to PROBLEMS_LISTED of them."""
    rows = [ErrorDetail(_in_words(problem), "bad_row") for problem in refusal.problems[:PROBLEMS_LISTED]]
    return ValidationError({"file": [ErrorDetail(refusal.message, refusal.code), *rows]})


def _in_words(problem: "Problem") -> str:
    row = f"Row {problem.row:,}" if problem.row else "The file"
    return f"{row}{f', {problem.column}' if problem.column else ''}: {problem.message}"


class DeletesOwnUpload(ApiViewSet[Instrument]):
    """Let `DELETE instruments/{symbol}/` delete an upload of one's own; all else is not found."""

    @extend_schema(summary="Delete an upload of your own, with its forecasts", responses={204: None})
    def destroy(self, _request: Request, symbol: str, **_path: Any) -> Response:
        try:
            services.delete_upload(owner=self.user, symbol=symbol.upper())
        except RequestRefused as refusal:
            raise NotFound(refusal.message) from refusal
        return Response(status=status.HTTP_204_NO_CONTENT)
