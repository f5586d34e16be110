"""The one shape of everything that goes wrong; drf-standardized-errors writes it, this describes it."""

from typing import Any

from drf_standardized_errors.types import CLIENT_ERROR, SERVER_ERROR, VALIDATION_ERROR
from rest_framework import serializers


class ProblemDetailSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs.")
    detail = serializers.CharField(help_text="A sentence for people: what is wrong, and what to do.")
    attr = serializers.CharField(
        allow_null=True, help_text="The field it is about; `non_field_errors` for the body as a whole."
    )


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong; only a `validation_error` can have several `errors`."""

    type = serializers.ChoiceField([VALIDATION_ERROR, CLIENT_ERROR, SERVER_ERROR])
    # The metaclass takes fields out of the class, so `Serializer.errors` stays.
    errors = ProblemDetailSerializer(many=True)  # type: ignore[assignment]  # as said above


class ErrorSerializer(serializers.Serializer[Any]):
    """Why it failed, in words for people; `code` is for programs."""

    code = serializers.CharField()
    message = serializers.CharField()
    remedy = serializers.CharField(help_text="What to do about it.")
