"""The API's shape of uploaded price files."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from accounts.api.strict import StrictSerializer, worded
from forecasts.api.serializers.instruments import InstrumentSerializer
from forecasts.market_data.upload import Options
from forecasts.services import Mode

FILE_WORDS = "Send the file as `file`: CSV or Parquet, with dates and prices in columns."
NAME_WORDS = "Give the prices a name of 1 to 32 letters, digits, dashes and underscores, such as MY-FUND."
MODE_WORDS = "Choose the mode create, replace or append."
ORDER_WORDS = "Choose the date_order ymd (2012-06-29), dmy (29.06.2012) or mdy (06/29/2012), or leave it out."
DECIMAL_WORDS = "Give as decimal a point or a comma, or leave it out."
YES_OR_NO = "Give true or false."


class UploadBodySerializer(StrictSerializer):
    """A multipart form; what is left out is found out from the file."""

    file = serializers.FileField(
        allow_empty_file=True,  # reading it says so in better words
        help_text="CSV or Parquet, at most 20 MB and 200,000 rows.",
        error_messages=worded(FILE_WORDS, "required", "null", "invalid", "no_name", "empty"),
    )
    name = serializers.CharField(
        help_text="The symbol will be `UPLOAD:` and this name.",
        max_length=40,
        error_messages=worded(NAME_WORDS, "required", "null", "blank", "invalid", "max_length"),
    )
    mode = serializers.ChoiceField(
        [mode.value for mode in Mode],
        default=Mode.CREATE.value,
        help_text="What becomes of a history that you have under this name: `create` refuses, `replace` puts "
        "this one in its place, `append` adds the sessions after its last.",
        error_messages=worded(MODE_WORDS, "invalid_choice", "null"),
    )
    calendar = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="Which days it trades: an exchange’s code such as `XNYS`, `24/7` or `weekdays`.",
    )
    currency = serializers.CharField(
        required=False, allow_blank=True, max_length=40, help_text="Such as `USD`, or `GBp` for pence."
    )
    date_order = serializers.ChoiceField(
        ["ymd", "dmy", "mdy"],
        required=False,
        help_text="Needed only where the dates could mean both, as 01/02/2012 does.",
        error_messages=worded(ORDER_WORDS, "invalid_choice", "null"),
    )
    decimal = serializers.ChoiceField(
        [".", ","], required=False, error_messages=worded(DECIMAL_WORDS, "invalid_choice", "null")
    )
    skip_bad_rows = serializers.BooleanField(
        default=False,
        help_text="Keep the good rows of a file with bad ones, instead of refusing it.",
        error_messages=worded(YES_OR_NO, "invalid", "null"),
    )
    preview = serializers.BooleanField(
        default=False,
        help_text="Read the file and keep nothing.",
        error_messages=worded(YES_OR_NO, "invalid", "null"),
    )

    def to_internal_value(self, data: Any) -> Any:
        if not data:
            words = ErrorDetail("Send a multipart form with a file and a name.", "empty_body")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [words]})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        names = ("date_order", "decimal", "calendar", "currency")
        said = {name: attrs.pop(name, None) or None for name in names}
        attrs["options"] = Options(**said, skip_bad_rows=attrs.pop("skip_bad_rows"))
        return attrs


class ProblemRowSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(
        allow_null=True, help_text="As a spreadsheet counts: the header is 1. Null: the file as a whole."
    )
    column = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class UploadSerializer(serializers.Serializer[Any]):
    """What a file holds, and what became of it."""

    symbol = serializers.CharField(source="look.symbol")
    instrument = InstrumentSerializer(allow_null=True, help_text="As it is stored now; null in a preview.")
    kept = serializers.IntegerField(help_text="How many sessions were written; 0 in a preview.")
    prospect = serializers.CharField(allow_null=True, help_text="In a preview, what keeping it would do.")
    rows = serializers.IntegerField(source="look.rows", help_text="Good rows, one for each session.")
    first_session = serializers.DateField(source="look.first_session", help_text="Of the file.")
    last_session = serializers.DateField(source="look.last_session", help_text="Of the file.")
    calendar = serializers.CharField(source="look.reading.calendar")
    calendar_guessed = serializers.BooleanField(source="look.reading.calendar_guessed")
    currency = serializers.CharField(source="look.currency", help_text="Empty where nobody said it.")
    problems = ProblemRowSerializer(
        many=True, source="look.reading.problems", help_text="Each bad row; these are left out."
    )
    notes = serializers.ListField(
        child=serializers.CharField(), source="look.reading.notes", help_text="How the file was understood."
    )
    missing_sessions = serializers.ListField(
        child=serializers.DateField(),
        source="look.reading.missing_sessions",
        help_text="Sessions of the calendar, between the file’s first and last, that it lacks.",
    )
    format = serializers.CharField(source="look.reading.format")
    date_order = serializers.CharField(source="look.reading.date_order")
    decimal = serializers.CharField(source="look.reading.decimal")
    delimiter = serializers.CharField(source="look.reading.delimiter", allow_null=True)
    encoding = serializers.CharField(source="look.reading.encoding", allow_null=True)
