"""An import: a package arrives, is read, its bundle is stored, and then, in one transaction, it is a problem."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from opentelemetry import trace

from services.common.caller import Caller
from services.problem.bundles import Bundles
from services.problem.library import Library
from services.problem.problems import Draft, Problem
from services.problem.reading import Job, Reader
from services.problem.uploads import Upload, Uploads

tracer = trace.get_tracer(__name__)


@dataclass(frozen=True, slots=True)
class Imported:
    """The problem as it is now, what is odd about the package, and whether the problem is new."""

    problem: Problem
    warnings: tuple[str, ...]
    created: bool


class Imports:
    """The way of packages into the library."""

    def __init__(self, uploads: Uploads, reader: Reader, bundles: Bundles, library: Library) -> None:
        self._uploads = uploads
        self._reader = reader
        self._bundles = bundles
        self._library = library

    async def run(
        self, pieces: AsyncIterator[bytes], problem_id: str, caller: Caller, *, validate_only: bool
    ) -> Imported:
        """Imports the package that the pieces make; ``problem_id`` "" leaves its identifier to the package.

        Raises the errors of packages, uploads and reading; ProblemIdTaken, ProblemQuotaExceeded, BrokerUnavailable,
        DatabaseUnavailable. Then nothing is left behind but, where the last transaction fails, a stored bundle: the
        same import finds it there.
        """
        async with self._uploads.received(pieces, caller.name) as upload:
            bundle = upload.folder / "bundle.zip"
            draft = await self._read(upload, bundle, problem_id)
            await self._library.admit(draft, caller)
            if not validate_only:
                with tracer.start_as_current_span("store judging bundle"):
                    await self._bundles.store(bundle, draft.bundle)
            problem, created = await self._library.add(draft, caller, keep=not validate_only)
        return Imported(problem, draft.package.warnings, created)

    async def _read(self, upload: Upload, bundle: Path, problem_id: str) -> Draft:
        with tracer.start_as_current_span("read package"):
            reading = await self._reader.read(Job(upload.package, bundle, problem_id))
        return Draft(
            id=reading.problem_id,
            package=reading.package,
            package_digest=upload.digest,
            bundle=reading.bundle_digest,
            bundle_bytes=reading.bundle_bytes,
        )
