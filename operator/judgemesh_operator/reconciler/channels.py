"""Channels to the replicas of the control plane."""

from collections.abc import Callable
from pathlib import Path

import grpc
import grpc.aio

from judgemesh_operator.control_plane.credentials import BUNDLE, ROOTS, split

_OPTIONS = (("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 5_000))
"""A replica whose node is gone says nothing: without pings its last report would count for ever."""


def plaintext(address: str) -> grpc.aio.Channel:
    return grpc.aio.insecure_channel(address, options=_OPTIONS)


def mutual_tls(folder: Path, server_name: str) -> Callable[[str], grpc.aio.Channel]:
    """Reads the certificates for every channel anew: they rotate."""

    def connect(address: str) -> grpc.aio.Channel:
        key, chain = split((folder / BUNDLE).read_bytes())
        credentials = grpc.ssl_channel_credentials((folder / ROOTS).read_bytes(), key, chain)
        options = (*_OPTIONS, ("grpc.ssl_target_name_override", server_name))
        return grpc.aio.secure_channel(address, credentials, options=options)

    return connect
