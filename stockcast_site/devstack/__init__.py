"""Postgres and Valkey for a machine that has neither, from PyPI wheels, behind two calls.

`read_services()` says where they are and starts nothing; `lease()` makes sure that they run. Nothing here
knows Django. docs/running.md tells how it behaves as root, after kill -9 and with several checkouts.
"""

from stockcast_site.devstack.leases import lease
from stockcast_site.devstack.services import DevstackError, Services, read_services

__all__ = ["DevstackError", "Services", "lease", "read_services"]
