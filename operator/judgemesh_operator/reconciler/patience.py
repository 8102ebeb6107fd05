"""Holds back what is no news unless it stays. Pure but for what it remembers."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from judgemesh_operator.reconciler.statuses import held_back
from judgemesh_operator.reconciler.writer import Change

PATIENCE = timedelta(seconds=5)


class Patience:
    """Remembers since when a resource has been about to lose its good state."""

    def __init__(self, patience: timedelta = PATIENCE) -> None:
        self._patience = patience
        self._since: dict[str, datetime] = {}

    def ripe(self, changes: Iterable[Change], now: datetime) -> list[Change]:
        """Those that are to be written now."""
        since: dict[str, datetime] = {}
        ripe = []
        for change in changes:
            if not held_back(change.body.get("status"), change.status):
                ripe.append(change)
                continue
            uid = change.body["metadata"]["uid"]
            since[uid] = self._since.get(uid, now)
            if now - since[uid] >= self._patience:
                ripe.append(change)
        self._since = since
        return ripe

    @property
    def waits(self) -> bool:
        """Whether something is held back, so that it must be looked at again though nothing changes."""
        return bool(self._since)
