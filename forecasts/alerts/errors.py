"""What keeps an alert from reaching its owner."""


class DeliveryFailed(Exception):
    """An attempt to deliver an alert came to nothing.

    `message` is for the owner and goes into the log of deliveries; `code` is what the other side answered
    with, if it did; `permanent` says that trying again cannot help.
    """

    def __init__(self, message: str, *, code: int | None = None, permanent: bool = False) -> None:
        super().__init__(message)
        self.message, self.code, self.permanent = message, code, permanent
