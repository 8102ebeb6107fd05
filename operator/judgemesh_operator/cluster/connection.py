"""How the API server is reached: by the pod's service account, or else by KUBECONFIG. kopf's own log-in, for httpx."""

import base64
import os
import ssl
import tempfile
from collections.abc import Generator
from pathlib import Path

import httpx
import kopf

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TIMEOUT = httpx.Timeout(30.0, connect=5.0)


class NoCluster(Exception):
    """Neither a service account nor a kubeconfig is there."""


def log_in(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo:
    """Where the API server is, and what proves us to it. Raises NoCluster."""
    if info := kopf.login_with_service_account(settings=settings) or kopf.login_with_kubeconfig(settings=settings):
        return info
    message = f"there is neither a service account at {SERVICE_ACCOUNT} nor a kubeconfig; set KUBECONFIG"
    raise NoCluster(message)


def own_namespace() -> str:
    """The pod's, else the kubeconfig's, else `default`."""
    return log_in(kopf.OperatorSettings()).default_namespace or "default"


def http_client(info: kopf.ConnectionInfo) -> httpx.AsyncClient:
    """An HTTP client of the API server, with credentials."""
    return httpx.AsyncClient(
        base_url=info.server, verify=_trust(info), auth=_Bearer(info), timeout=TIMEOUT, trust_env=info.trust_env
    )


class _Bearer(httpx.Auth):
    """The token of the kubeconfig; or that of the service account, which the kubelet replaces every hour."""

    def __init__(self, info: kopf.ConnectionInfo) -> None:
        self._token = info.token
        self._file = SERVICE_ACCOUNT / "token"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            token = self._file.read_text().strip() if self._file.exists() else self._token
            request.headers["Authorization"] = f"Bearer {token}"
        yield request


def _trust(info: kopf.ConnectionInfo) -> ssl.SSLContext:
    roots = _text(info.ca_data)
    context = ssl.create_default_context(cafile=_path(info.ca_path), cadata=roots)
    if info.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if info.certificate_path:
        context.load_cert_chain(os.fsdecode(info.certificate_path), _path(info.private_key_path))
    elif info.certificate_data and info.private_key_data:
        _load_chain(context, f"{_text(info.certificate_data)}\n{_text(info.private_key_data)}")
    return context


def _load_chain(context: ssl.SSLContext, text: str) -> None:
    """Python's ssl reads certificates from files only; this one is nobody else's, and gone at once."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(text)
        file.flush()
        context.load_cert_chain(file.name)


def _text(data: str | bytes | None) -> str | None:
    return base64.b64decode(data).decode() if data else None


def _path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None) -> str | None:
    return os.fsdecode(path) if path else None
