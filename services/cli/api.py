"""The HTTP API as the command line uses it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from services.cli.credentials import CredentialsFile, Login

_RECONNECTS = 30
"""How often a broken watch stream is taken up again without news in between: half a minute."""


class ApiError(Exception):
    """The server refused a request; ``reason`` is the ErrorInfo's."""

    def __init__(self, status: int, reason: str, message: str, violations: list[dict[str, str]]) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.violations = violations


class NotLoggedIn(Exception):
    """There is no log-in for this server, or it has ended."""


class Unintelligible(Exception):
    """What answers there is not judgemesh."""


class Api:
    """Calls one server, as whoever is logged in there, or with the API token that is given."""

    def __init__(
        self,
        server: str,
        credentials: CredentialsFile,
        *,
        token: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server.rstrip("/")
        self._credentials = credentials
        self._token = token
        self._pause = pause
        agent = {"user-agent": "judgemesh-cli"}
        self._http = httpx.Client(base_url=self.server, timeout=httpx.Timeout(30, connect=5), headers=agent)

    def call(self, method: str, path: str, *, login: bool = True, **arguments: Any) -> dict[str, Any]:
        """The answer's JSON. Raises ApiError, NotLoggedIn, Unintelligible, httpx.TransportError."""
        headers = arguments.pop("headers", {}) | (self._authorization() if login else {})
        response = self._http.request(method, path, headers=headers, **arguments)
        check(response)
        try:
            answer: dict[str, Any] = response.json()
        except ValueError as error:
            raise Unintelligible from error
        return answer

    def pages(self, path: str, field: str, limit: int, **parameters: Any) -> list[dict[str, Any]]:
        """At most ``limit`` items over as many pages as it takes."""
        items: list[dict[str, Any]] = []
        token = ""
        while len(items) < limit:
            query = parameters | {"pageSize": min(limit - len(items), 250)} | ({"pageToken": token} if token else {})
            page = self.call("GET", path, params=query)
            items += page.get(field, [])
            token = page.get("nextPageToken", "")
            if not token:
                break
        return items

    def watch(self, path: str) -> Iterator[dict[str, Any]]:
        """The updates of a watch stream to its end, taken up again from the last cursor when it breaks."""
        cursor, failures = "", 0
        while failures <= _RECONNECTS:
            try:
                for item in self._stream(path, cursor):
                    cursor, failures = item.get("cursor", cursor), 0
                    if update := item.get("update"):
                        yield update
                    elif "error" in item:
                        break
                else:
                    return
            except (httpx.TransportError, ApiError) as error:
                if isinstance(error, ApiError) and error.status < 500:
                    raise
                if failures == _RECONNECTS:
                    raise
            failures += 1
            self._pause(1)

    def log_in(self, username: str, password: str) -> Login:
        body = {"username": username, "password": password}
        return self._keep(self.call("POST", "/v1/sessions", login=False, json=body))

    def log_out(self) -> None:
        if login := self._credentials.get(self.server):
            self.call("DELETE", f"/v1/{login.session}")
            self._credentials.forget(self.server)

    def _stream(self, path: str, cursor: str) -> Iterator[dict[str, Any]]:
        headers = self._authorization() | {"accept": "application/x-ndjson"}
        timeout = httpx.Timeout(60, connect=5)
        parameters = {"cursor": cursor} if cursor else {}
        with self._http.stream("GET", path, params=parameters, headers=headers, timeout=timeout) as response:
            if response.is_error:
                response.read()
            check(response)
            yield from (json.loads(line) for line in response.iter_lines() if line.strip())

    def _authorization(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token or self._access_token()}"}

    def _access_token(self) -> str:
        login = self._credentials.get(self.server)
        if login is None:
            raise NotLoggedIn
        return self._refresh(login).access_token if login.expired() else login.access_token

    def _refresh(self, login: Login) -> Login:
        try:
            body = {"refreshToken": login.refresh_token}
            return self._keep(self.call("POST", "/v1/sessions:refresh", login=False, json=body))
        except ApiError as error:
            if error.status == httpx.codes.UNAUTHORIZED:
                raise NotLoggedIn from error
            raise

    def _keep(self, session: dict[str, Any]) -> Login:
        login = Login(
            user=session["user"],
            session=session["name"],
            access_token=session["accessToken"],
            refresh_token=session["refreshToken"],
            expire_time=session["expireTime"],
        )
        self._credentials.put(self.server, login)
        return login


def check(response: httpx.Response) -> None:
    """Raises ApiError if the server refused."""
    if not response.is_error:
        return
    try:
        status = response.json()
        details = {detail.get("@type", "").rpartition(".")[2]: detail for detail in status.get("details", [])}
    except (json.JSONDecodeError, AttributeError):
        raise ApiError(response.status_code, "", response.text[:200] or response.reason_phrase, []) from None
    raise ApiError(
        response.status_code,
        details.get("ErrorInfo", {}).get("reason", ""),
        status.get("message", ""),
        details.get("BadRequest", {}).get("fieldViolations", []),
    )
