#!/usr/bin/env python
"""Django's command line, with the services leased for the commands that need a database."""

import os
import sys

from stockcast_site import devstack

WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "spectacular",
    "startapp",
    "startproject",
    "version",
}


def needs_database(arguments: list[str]) -> bool:
    """Tell whether a command line, without the program's name, needs the services to run."""
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    if arguments[0] == "check":
        return any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_DATABASE


def run(arguments: list[str]) -> None:
    """Run one command; importing Django comes after the lease, for settings read the addresses."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockcast_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *arguments])


def main() -> None:
    """Run the command line; trouble with the services is one line and exit code 1."""
    arguments = sys.argv[1:]
    try:
        if not needs_database(arguments):
            run(arguments)
            return
        with devstack.lease() as services:
            if services:
                os.environ.update(services.environment())
            run(arguments)
    except devstack.DevstackError as error:
        sys.exit(f"StockCast: {error}")


if __name__ == "__main__":
    main()
