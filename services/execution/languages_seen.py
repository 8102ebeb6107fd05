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


@dataclass(slots=True)
class LiveWorkers:
    """The last announcement of each worker."""

    _announced: dict[str, tuple[datetime, tuple[Language, ...]]] = field(default_factory=dict)

    def announce(self, worker: str, languages: Iterable[Language], now: datetime) -> None:
        self._forget(now)
        self._announced[worker] = (now, tuple(languages))

    def languages(self, now: datetime) -> list[tuple[Language, int]]:
        """Each language, by identifier, with the number of live workers that have it."""
        self._forget(now)
        seen = [language for _, languages in self._announced.values() for language in languages]
        counts = Counter(language.id for language in seen)
        newest = {language.id: language for language in seen}
        return [(newest[identifier], counts[identifier]) for identifier in sorted(newest)]

    def _forget(self, now: datetime) -> None:
        self._announced = {name: entry for name, entry in self._announced.items() if now - entry[0] <= LIVE}
