"""The pages of a program that serves no other HTTP: `/metrics`, and `/healthz` for the kubelet."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import prometheus_client as prometheus

Ill = Callable[[], str | None]
"""What is wrong, or None. It is called in another thread."""


@contextmanager
def pages(listen: str, ill: Ill) -> Iterator[int]:
    """Serves them from a thread; gives the port. Raises OSError when the address is taken."""
    host, _, port = listen.rpartition(":")
    server = make_server(host, int(port), _application(ill), handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _application(ill: Ill) -> Any:
    metrics = prometheus.make_wsgi_app()

    def application(environment: dict[str, Any], start: Any) -> Iterable[bytes]:
        match environment["PATH_INFO"]:
            case "/metrics":
                page: Iterable[bytes] = metrics(environment, start)
                return page
            case "/healthz":
                wrong = ill()
                start("503 Service Unavailable" if wrong else "200 OK", [("Content-Type", "text/plain")])
                return [(wrong or "ok").encode() + b"\n"]
        start("404 Not Found", [])
        return []

    return application


class _Silent(WSGIRequestHandler):
    """A probe every few seconds is no news."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        pass
