"""The problem service: `python -m services.problem`."""

import os
import tempfile
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.problem.v1.problem_service_pb2_grpc import add_ProblemServiceServicer_to_server
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from services.common import database, events, server
from services.common.auth import TokenVerifier, user_service_keys
from services.common.channels import mesh_channel
from services.problem.archive import ArchiveLimits
from services.problem.bundles import Bundles
from services.problem.events import OUTBOX
from services.problem.imports import Imports
from services.problem.library import Library
from services.problem.problems import Quota
from services.problem.reading import Reader, ReadingLimits
from services.problem.servicer import PUBLIC, SERVICE, ProblemServicer
from services.problem.settings import ProblemSettings
from services.problem.uploads import UploadLimits, Uploads


async def main(settings: ProblemSettings) -> None:
    """Runs the service until it is told to stop."""
    async with AsyncExitStack() as stack:
        engine = database.create_engine(settings)
        stack.push_async_callback(engine.dispose)
        database.trace_statements(engine)
        broker = await stack.enter_async_context(events.connected(settings.nats_url, "problem"))
        channel = await stack.enter_async_context(mesh_channel(settings.mesh_address, settings.call_timeout_seconds))
        verifier = TokenVerifier(user_service_keys(UserServiceStub(channel)))
        service = Service(settings, engine, broker, verifier)
        told = partial(OUTBOX.relay, engine, settings.database_url, broker)
        async with server.background(told, service.bundles.prepare, service.reader.prepare):
            await service.server.serve()


class Service:
    """The service's parts, put together."""

    def __init__(
        self, settings: ProblemSettings, engine: AsyncEngine, broker: events.Broker, verifier: TokenVerifier
    ) -> None:
        self.bundles = Bundles(broker, settings.problem_storing_seconds)
        self.reader = Reader(_reading_limits(settings), settings.problem_readers)
        uploads = Uploads(settings.problem_scratch or _default_scratch(), _upload_limits(settings))
        uploads.prepare()
        library = Library(engine, Quota(settings.problem_quota, settings.problem_quota_bytes))
        imports = Imports(uploads, self.reader, self.bundles, library)
        self.server = server.build(settings, services=[SERVICE], public=PUBLIC, verifier=verifier)
        add_ProblemServiceServicer_to_server(ProblemServicer(library, imports), self.server.grpc)


def _default_scratch() -> Path:
    return Path(tempfile.gettempdir()) / f"judgemesh-problem-{os.getuid()}"


def _upload_limits(settings: ProblemSettings) -> UploadLimits:
    return UploadLimits(
        package_bytes=settings.problem_package_bytes,
        free_bytes=settings.problem_free_bytes,
        seconds=settings.problem_upload_seconds,
        imports=settings.problem_imports,
        imports_per_user=settings.problem_imports_per_user,
    )


def _reading_limits(settings: ProblemSettings) -> ReadingLimits:
    return ReadingLimits(
        seconds=settings.problem_reading_seconds,
        memory_bytes=settings.problem_reading_bytes,
        archive=ArchiveLimits(archive_bytes=settings.problem_package_bytes),
    )


if __name__ == "__main__":
    problem_settings = ProblemSettings()
    server.run("problem", problem_settings, partial(main, problem_settings))
