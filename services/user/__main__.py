"""Starts the user service: everything is put together here."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.ext.asyncio import AsyncEngine

from envoyproxy.service.auth.v3.external_auth_pb2_grpc import add_AuthorizationServicer_to_server
from judgemesh.execution.v1 import execution_service_pb2, rejudging_service_pb2, verification_service_pb2
from judgemesh.problem.v1 import problem_service_pb2
from judgemesh.user.v1.user_service_pb2_grpc import add_UserServiceServicer_to_server
from services.common import server
from services.common.auth import Keys, TokenVerifier
from services.common.clock import Clock, utc_now
from services.common.database import DatabaseUnavailable, create_engine, trace_statements
from services.common.events import connected
from services.user import authorization, events, housekeeping, servicer
from services.user.api_tokens import ApiTokens
from services.user.authorization import EdgeServicer
from services.user.directory import Directory
from services.user.exchange import Exchange
from services.user.guard import Guard
from services.user.keeper import KeyKeeper
from services.user.logins import Lifetimes, Logins
from services.user.passwords import Passwords
from services.user.servicer import UserServicer
from services.user.settings import UserSettings
from services.user.signing import derive

_RETRY_SECONDS = 1.0

DESCRIBED = (
    execution_service_pb2.DESCRIPTOR.services_by_name["ExecutionService"].full_name,
    rejudging_service_pb2.DESCRIPTOR.services_by_name["RejudgingService"].full_name,
    verification_service_pb2.DESCRIPTOR.services_by_name["VerificationService"].full_name,
    problem_service_pb2.DESCRIPTOR.services_by_name["ProblemService"].full_name,
)
"""Services beside its own that this one's reflection describes: the gateway asks it for all."""


async def main(settings: UserSettings) -> None:
    """Runs the service until it is told to stop."""
    async with AsyncExitStack() as stack:
        engine = create_engine(settings)
        stack.push_async_callback(engine.dispose)
        trace_statements(engine)
        passwords = await stack.enter_async_context(Passwords(settings.user_password_threads))
        service = Service(settings, engine, passwords, utc_now)
        broker = await stack.enter_async_context(connected(settings.nats_url, "user"))
        await service.prepare()
        relay = partial(events.OUTBOX.relay, engine, settings.database_url, broker)
        sweep = partial(housekeeping.run, engine, utc_now)
        await stack.enter_async_context(server.background(service.keeper.run, relay, sweep))
        await service.server.serve()


class Service:
    """The service's parts, put together."""

    def __init__(self, settings: UserSettings, engine: AsyncEngine, passwords: Passwords, clock: Clock) -> None:
        self.settings = settings
        secret = settings.user_key_secret.get_secret_value()
        self.keeper = KeyKeeper(engine, derive(secret, "signing keys"), settings.key_period, clock)
        guard = Guard(engine, clock)
        open_to_all = settings.user_registration == "open"
        self.directory = Directory(engine, passwords, guard, clock, open_to_all=open_to_all)
        logins = Logins(
            engine,
            passwords,
            guard,
            self.keeper,
            clock,
            lifetimes=Lifetimes(settings.access_lifetime, settings.session_lifetime),
            successor_key=derive(secret, "refresh tokens"),
        )
        users = UserServicer(
            engine,
            self.directory,
            logins,
            ApiTokens(engine, clock),
            self.keeper,
            trusted_hops=settings.trusted_hops,
        )
        self.server = server.build(
            settings,
            services=(servicer.SERVICE, authorization.SERVICE),
            public=(*servicer.PUBLIC, *authorization.PUBLIC),
            tokenless=servicer.TOKENLESS,
            unlimited=authorization.PUBLIC,
            described=DESCRIBED,
            verifier=TokenVerifier(self._keys, clock=lambda: clock().timestamp()),
        )
        add_UserServiceServicer_to_server(users, self.server.grpc)
        add_AuthorizationServicer_to_server(EdgeServicer(Exchange(engine, self.keeper, clock)), self.server.grpc)

    async def prepare(self) -> None:
        """Loads or makes the signing keys and the first admin; waits for a database that is away."""
        while True:
            try:
                await self.keeper.reload()
                if self.settings.bootstrap_admin_password:
                    await self.directory.bootstrap_admin(self.settings.bootstrap_admin_password.get_secret_value())
            except DatabaseUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def _keys(self) -> Keys:
        return {key.kid: Ed25519PublicKey.from_public_bytes(key.public) for key in self.keeper.published()}


if __name__ == "__main__":
    user_settings = UserSettings()
    server.run("user", user_settings, partial(main, user_settings))
