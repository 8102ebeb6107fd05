"""Between the protos and the domain."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from judgemesh.user.v1 import user_pb2 as pb
from services.common.timestamps import timestamp
from services.user.accounts import Account
from services.user.errors import FieldInvalid
from services.user.logins import Granted
from services.user.sessions import Session
from services.user.signing import SigningKey, jwk
from services.user.tokens import ApiToken

_ROLE: Final = "ROLE_"


def role_to_proto(role: str) -> pb.Role.ValueType:
    return pb.Role.Value(_ROLE + role.upper())


def roles_from_proto(roles: Iterable[pb.Role.ValueType]) -> frozenset[str]:
    return frozenset(pb.Role.Name(role).removeprefix(_ROLE).lower() for role in roles)


def user_to_proto(account: Account) -> pb.User:
    return pb.User(
        name=account.name,
        uid=str(account.uid),
        username=account.username,
        display_name=account.display_name,
        email=account.email,
        affiliation=account.affiliation,
        roles=sorted(map(role_to_proto, account.roles)),
        disabled=account.disabled,
        create_time=timestamp(account.created),
        update_time=timestamp(account.updated),
        etag=account.etag,
    )


_FIELDS: Final[Mapping[str, Callable[[pb.User], Any]]] = {
    "display_name": lambda user: user.display_name,
    "email": lambda user: user.email,
    "affiliation": lambda user: user.affiliation,
    "roles": lambda user: roles_from_proto(user.roles),
    "disabled": lambda user: user.disabled,
}

MUTABLE_FIELDS: Final = tuple(_FIELDS)


def fields_from_proto(user: pb.User, paths: Iterable[str]) -> dict[str, Any]:
    """The values of the fields that an update names, as the domain has them."""
    return {path: _FIELDS[path](user) for path in paths}


def session_to_proto(session: Session) -> pb.Session:
    return pb.Session(
        name=session.name,
        user=f"users/{session.username}",
        refresh_expire_time=timestamp(session.expires),
        create_time=timestamp(session.created),
        user_agent=session.user_agent,
    )


def granted_to_proto(granted: Granted) -> pb.Session:
    message = session_to_proto(granted.session)
    message.access_token = granted.access.text
    message.refresh_token = granted.refresh_token
    message.expire_time.FromDatetime(granted.access.expires)
    return message


def api_token_to_proto(token: ApiToken, secret: str = "") -> pb.ApiToken:
    return pb.ApiToken(
        name=token.name,
        display_name=token.display_name,
        secret=secret,
        expire_time=timestamp(token.expires),
        create_time=timestamp(token.created),
        last_use_time=timestamp(token.last_used),
    )


def jwks_to_proto(keys: Iterable[SigningKey]) -> pb.Jwks:
    return pb.Jwks(keys=[pb.Jwk(**jwk(key)) for key in keys])


def session_id(name: str) -> UUID:
    """The identifier in ``sessions/<id>``. Raises FieldInvalid."""
    return _uuid(name.removeprefix("sessions/"))


def api_token_id(name: str) -> tuple[str, UUID]:
    """The user and the identifier in ``users/<username>/tokens/<id>``. Raises FieldInvalid."""
    user, _, identifier = name.rpartition("/tokens/")
    return user, _uuid(identifier)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FieldInvalid("name", "must end with a UUID") from None
