"""What the execution service does: the rules of `submissions` and `judgings`, each in one transaction."""

from collections.abc import AsyncIterator
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.caller import Caller
from services.common.database import transaction
from services.execution import store
from services.execution.errors import SubmissionFinal
from services.execution.feeds import Feeds
from services.execution.judgings import Event, Judging, State, Tested, advance
from services.execution.submissions import Filter, Submission, Update, check_access
