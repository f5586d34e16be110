"""The ledger: what was said enters a chain of hashes, and stays.

`entering` appends what a forecast came to, `erasing` forgets what an upload's entries told, `verifying`
recomputes everything. Under these: `facts` says what an entry tells of a forecast, `counting` which of its
steps count, `chain` how entries are hashed.
"""

from forecasts.ledger.chain import parsed
from forecasts.ledger.counting import first_counted_step
from forecasts.ledger.entering import append, enter_endings, enter_issued
from forecasts.ledger.erasing import erase_entries
from forecasts.ledger.verifying import Break, Examination, examine, verify

__all__ = [
    "Break",
    "Examination",
    "append",
    "enter_endings",
    "enter_issued",
    "erase_entries",
    "examine",
    "first_counted_step",
    "parsed",
    "verify",
]
