"""Bring the database up to date before the site starts: migrations, then the sample market.

Both in one process, and the first only when something is missing: a second `make run` must be quick.
"""

import os

import django
from django.core.management import call_command


def migrations_missing() -> bool:
    """Tell whether the database lacks a migration."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def main() -> None:
    """Migrate and load; what fails raises."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcast_site.settings")
    django.setup()
    if migrations_missing():
        call_command("migrate", interactive=False, verbosity=0)
    call_command("load_sample", verbosity=0)


if __name__ == "__main__":
    main()
