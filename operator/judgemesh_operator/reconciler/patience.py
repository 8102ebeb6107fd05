"""Holds back what is no news unless it stays. Pure but for what it remembers."""

from collections.abc import Iterable
from datetime import datetime

from judgemesh_operator.reconciler.statuses import patience
from judgemesh_operator.reconciler.writer import Change


class Patience:
    """Remembers since when a resource has been about to lose its good state."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def ripe(self, changes: Iterable[Change], now: datetime) -> list[Change]:
        """Those that are to be written now."""
        since: dict[str, datetime] = {}
        ripe = []
        for change in changes:
            needed = patience(change.body.get("status"), change.status)
            uid = change.body["metadata"]["uid"]
            if not needed:
                ripe.append(change)
                continue
            since[uid] = self._since.get(uid, now)
            if now - since[uid] >= needed:
                ripe.append(change)
        self._since = since
        return ripe
