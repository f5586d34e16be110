"""Answers requests in a process set up as gunicorn's are, and says which heavy libraries they imported.

Each line it reads is a JSON list `[method, address, data]`; each is answered by `[status, [module, …]]`.
"""

import json
import sys

from stockcast_site.wsgi import application  # noqa: F401 -- importing it is what sets the process up

HEAVY = ("torch", "sklearn", "scipy", "yfinance", "pandas")


def main() -> None:
    from django.test import Client

    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    client.cookies["sessionid"] = sys.argv[1]
    for line in sys.stdin:
        method, address, data = json.loads(line)
        kind = (
            {"content_type": "application/json"} if address.startswith("/api/") and data is not None else {}
        )
        answer = getattr(client, method.lower())(address, data, **kind)
        imported = [name for name in HEAVY if name in sys.modules]
        sys.stdout.write(json.dumps([answer.status_code, imported]) + "\n")


if __name__ == "__main__":
    main()
