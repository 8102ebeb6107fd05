"""Channels to the replicas of the control plane."""

from collections.abc import Callable

import grpc
import grpc.aio

_OPTIONS = (("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 5_000))
"""A replica whose node is gone says nothing: without pings its last report would count for ever."""

Credentials = Callable[[], tuple[bytes, bytes, bytes]]
"""Our key, its chain, and the roots that replicas' certificates must come from."""


def plaintext(address: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(address, options=_OPTIONS)


def mutual_tls(credentials: Credentials, server_name: str) -> Callable[[str], grpc.aio.Channel]:
    """Asks for credentials for every channel anew: they rotate. `server_name` is in the replicas' certificates."""

    def connect(address: str) -> grpc.aio.Channel:
        key, chain, roots = credentials()
        options = (*_OPTIONS, ("grpc.ssl_target_name_override", server_name))
        return grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(roots, key, chain), options=options)

    return connect
