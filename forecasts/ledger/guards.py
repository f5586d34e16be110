"""Whether the database still refuses to change what was said."""

from __future__ import annotations

from django.db import connection

# Trigger → its table, when it fires (pg_trigger.tgtype: before each row's update, or update and delete), and
# the SHA-256 of its function's text in the migration: one that does nothing guards nothing.
GUARDS = {
    "ledger_guard": (
        "forecasts_ledgerentry",
        27,
        "9f5b6b9a16a1c3a1c40cdf2065d2104399a5d5dd5a591b5b77d4a16cf30b0b2c",
    ),
    "point_guard": (
        "forecasts_forecastpoint",
        19,
        "247f1586b6b6725260fa0cb2b8b177b8676bedbd5aea770b4834428244c62a07",
    ),
}
# An enabled one is `O` (as usual) or `A` (always); one with a condition, or for some columns, guards not all.
ENABLED = """
SELECT tgname, relname, tgtype, encode(sha256(convert_to(prosrc, 'UTF8')), 'hex')
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE pg_class.relnamespace = current_schema()::regnamespace AND tgenabled IN ('O', 'A') AND NOT tgisinternal
    AND tgqual IS NULL AND tgattr = ''
"""


def broken_guard() -> str:
    """Say which trigger is gone, disabled or another one; empty where all stand."""
    with connection.cursor() as cursor:
        cursor.execute(ENABLED)
        standing = set(cursor.fetchall())
    for trigger, (table, *rest) in GUARDS.items():
        if (trigger, table, *rest) not in standing:
            return f"The trigger {trigger} of {table} is gone or changed, so rows can be changed unhindered."
    return ""
