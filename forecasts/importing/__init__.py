"""Many instruments' prices from one file: read, checked and staged as a whole, then stored by instrument."""

from forecasts.importing.loading import Counts
from forecasts.importing.panel_import import Outcome, Told, Wish, import_panel

__all__ = ["Counts", "Outcome", "Told", "Wish", "import_panel"]
