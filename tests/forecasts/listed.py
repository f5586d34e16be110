"""A source whose search answers as a test wants it to."""

from dataclasses import dataclass, field

from forecasts.market_data.base import Match, ProviderError, RateLimited


@dataclass
class Search:
    """`listed` is what it finds for any text, `trouble` what it raises; `asked` and `rung` are the texts."""

    listed: list[Match] = field(default_factory=list)
    trouble: Exception | None = None
    asked: list[str] = field(default_factory=list)
    rung: list[str] = field(default_factory=list)
    is_broker_down: bool = False

    def pause(self) -> None:
        self.trouble = RateLimited("Yahoo asks for a pause.", "Try again later.")

    def fail(self) -> None:
        self.trouble = ProviderError("Yahoo gave an answer that cannot be read.", "Try again later.")

    def answer(self, text: str) -> list[Match]:
        self.asked.append(text)
        if self.trouble:
            raise self.trouble
        return self.listed

    def ring(self, text: str, within_seconds: float) -> bool:
        self.rung.append(text)
        return within_seconds > 0 and not self.is_broker_down
