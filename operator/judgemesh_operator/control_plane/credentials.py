"""The control plane's own certificate, and the roots that proxies' certificates must come from."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import grpc

BUNDLE, ROOTS = "bundle.pem", "roots.pem"
_KEY_END = b"-----END PRIVATE KEY-----"


class CertificatesMissing(Exception):
    """The files are not there, or hold no key and chain."""


def server_credentials(folder: Path) -> grpc.ServerCredentials:
    """Credentials that follow the files: both are replaced as certificates rotate. Raises CertificatesMissing."""
    last: list[bytes] = []

    def configuration() -> grpc.ServerCertificateConfiguration:
        key, chain = split(_read(folder / BUNDLE))
        roots = _read(folder / ROOTS)
        last[:] = [key, chain, roots]
        return grpc.ssl_server_certificate_configuration([(key, chain)], root_certificates=roots)

    def changed() -> grpc.ServerCertificateConfiguration | None:
        try:
            key, chain = split(_read(folder / BUNDLE))
            roots = _read(folder / ROOTS)
        except CertificatesMissing:
            return None  # Half replaced: what we have goes on.
        return None if [key, chain, roots] == last else configuration()

    # None stands for "as before", which the stubs don't know.
    fetch = cast("Callable[[], grpc.ServerCertificateConfiguration]", changed)
    return grpc.dynamic_ssl_server_credentials(configuration(), fetch, require_client_authentication=True)


def split(bundle: bytes) -> tuple[bytes, bytes]:
    """The PKCS#8 key and the chain of a bundle. Raises CertificatesMissing."""
    key, found, chain = bundle.partition(_KEY_END)
    if not found or b"BEGIN CERTIFICATE" not in chain:
        raise CertificatesMissing("a bundle is a PEM of a PKCS#8 key and a chain")
    return key + found + b"\n", chain.lstrip()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificatesMissing(f"{path}: {error.strerror}") from error
