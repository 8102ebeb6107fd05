"""Which languages the live workers can judge. Pure: the time is handed in."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LIVE = timedelta(seconds=10)
"""A worker that has said nothing for so long is not counted: five announcements were missed."""


@dataclass(frozen=True, slots=True)
class Language:
    id: str
    display_name: str
    version: str
    extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Announcement:
    time: datetime
    languages: tuple[Language, ...]
    slots: int


@dataclass(slots=True)
class LiveWorkers:
    """The last announcement of each worker."""

    _announced: dict[str, Announcement] = field(default_factory=dict)

    def announce(self, worker: str, languages: Iterable[Language], now: datetime, slots: int = 1) -> None:
        """``slots``: how many judgings it runs at one time."""
        self._forget(now)
        self._announced[worker] = Announcement(now, tuple(languages), slots)

    def languages(self, now: datetime) -> list[tuple[Language, int]]:
        """Each language, by identifier, with the number of live workers that have it."""
        self._forget(now)
        seen = [language for each in self._announced.values() for language in each.languages]
        counts = Counter(language.id for language in seen)
        newest = {language.id: language for language in seen}
        return [(newest[identifier], counts[identifier]) for identifier in sorted(newest)]

    def slots(self, now: datetime) -> dict[str, int]:
        """How many judgings of each language the live workers can run at one time."""
        self._forget(now)
        slots: Counter[str] = Counter()
        for each in self._announced.values():
            slots.update({language.id: each.slots for language in each.languages})
        return dict(slots)

    def count(self, now: datetime) -> int:
        """How many workers live."""
        self._forget(now)
        return len(self._announced)

    def _forget(self, now: datetime) -> None:
        self._announced = {name: each for name, each in self._announced.items() if now - each.time <= LIVE}
