from django.apps import AppConfig
from django.db.models.signals import pre_delete


class ForecastsConfig(AppConfig):
    name = "forecasts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from forecasts.ledger import erase_entries  # models can be imported only now

        # However an upload goes: by its owner's wish, or with the owner's account, which knows no uploads.
        pre_delete.connect(erase_entries, sender="forecasts.Instrument", dispatch_uid="erase_entries")
