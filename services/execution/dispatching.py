"""Which waiting tasks go to the workers next. Pure.

Tasks wait in the database. The stream from which workers take them is kept shallow, since what lies in it can't be put
in another order: a task that is sent there is judged after those that are there already.
"""

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

LEAST_DEPTH = 2
"""How many live tasks of a language go to the stream although no worker with it was heard yet."""


class Priority(IntEnum):
    """What comes first: the smaller number."""

    LIVE = 0
    REJUDGE = 1
    VERIFICATION = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that no worker can see yet. ``age`` is the UUID (version 7) of what is judged: it sorts by time."""

    judging: UUID
    language: str
    user: str
    priority: Priority
    age: UUID


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A task that was sent to the stream and has no verdict. ``started``: a worker has taken it."""

    language: str
    user: str
    priority: Priority
    started: bool


def depth(priority: Priority, slots: int) -> int:
    """How many tasks of a language the stream should hold, beside those that are judged.

    Twice the slots of the live workers, so that none waits for us. Work that nobody waits for gets half of it: it
    would delay what comes after it.
    """
    return max(LEAST_DEPTH, 2 * slots) if priority is Priority.LIVE else slots


def full(outstanding: Iterable[Outstanding], slots: Mapping[str, int]) -> set[str]:
    """The languages of which more than half of what the stream should hold is there: no plan is made for these.

    So a plan, which looks at all that waits, is made for several tasks at a time, and long before a worker has none.
    """
    queued = Counter(task.language for task in outstanding if not task.started)
    return {language for language, count in queued.items() if 2 * count > depth(Priority.LIVE, slots.get(language, 0))}


def plan(waiting: Iterable[Waiting], outstanding: Iterable[Outstanding], slots: Mapping[str, int]) -> list[Waiting]:
    """The tasks to send now, in order. ``slots`` are those of the live workers, by language.

    Live before rejudged before verified: while one waits that workers could take, no lesser one is sent. Within
    that, next is the user who has the fewest tasks out, and of equals the one whose task is the oldest.
    """
    waiting, outstanding = list(waiting), list(outstanding)
    queued = Counter(task.language for task in outstanding if not task.started)
    load = Counter(task.user for task in outstanding)
    most_urgent = _most_urgent(waiting, outstanding, slots)
    chosen: list[Waiting] = []
    for priority in sorted({task.priority for task in waiting}):
        if most_urgent is not None and priority > most_urgent:
            break
        group = [task for task in waiting if task.priority is priority]
        room = {task.language: depth(priority, slots.get(task.language, 0)) - queued[task.language] for task in group}
        chosen += _shared(group, room, load)
    return chosen


def _most_urgent(
    waiting: Iterable[Waiting], outstanding: Iterable[Outstanding], slots: Mapping[str, int]
) -> Priority | None:
    """The first priority among what workers could take now; None where they could take nothing."""
    takeable = [task.priority for task in waiting if slots.get(task.language)]
    takeable += [task.priority for task in outstanding if not task.started and slots.get(task.language)]
    return min(takeable, default=None)


def _shared(group: Iterable[Waiting], room: dict[str, int], load: Counter[str]) -> list[Waiting]:
    """As many tasks as there is room for, each from whoever has the fewest out. Counts them into ``load``."""
    lines: defaultdict[tuple[str, str], deque[Waiting]] = defaultdict(deque)
    for task in sorted(group, key=lambda task: task.age):
        lines[task.user, task.language].append(task)
    heads = [(load[user], line[0].age, user, language) for (user, language), line in lines.items()]
    heapq.heapify(heads)
    chosen = []
    while heads:
        out, _, user, language = heapq.heappop(heads)
        line = lines[user, language]
        if room[language] <= 0:
            continue
        if out == load[user]:
            chosen.append(line.popleft())
            load[user] += 1
            room[language] -= 1
        if line:
            heapq.heappush(heads, (load[user], line[0].age, user, language))
    return chosen
