"""Who a workload is: a SPIFFE ID made of its trust domain, namespace and service account.

https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
"""

import re
from dataclasses import dataclass

DEFAULT_TRUST_DOMAIN = "cluster.local"

_TRUST_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,253}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_ID = re.compile(r"spiffe://(?P<domain>[^/]+)/ns/(?P<namespace>[^/]+)/sa/(?P<account>[^/]+)")


class NotAnIdentity(ValueError):
    """Text or parts that name no workload of the mesh."""


@dataclass(frozen=True)
class Identity:
    """A service account of a namespace, under a trust domain. Raises NotAnIdentity for impossible names."""

    trust_domain: str
    namespace: str
    service_account: str

    def __post_init__(self) -> None:
        if not _TRUST_DOMAIN.fullmatch(self.trust_domain):
            raise NotAnIdentity(f"{self.trust_domain!r} is not a trust domain")
        for name in (self.namespace, self.service_account):
            if not _NAME.fullmatch(name):
                raise NotAnIdentity(f"{name!r} is not the name of a namespace or service account")

    @property
    def uri(self) -> str:
        return f"{trust_prefix(self.trust_domain)}ns/{self.namespace}/sa/{self.service_account}"

    @property
    def dns_name(self) -> str:
        """For clients that verify DNS names alone, as gRPC's own TLS does: a Service of the account's name.

        With the namespace, or an account of the same name elsewhere could take its place.
        """
        return f"{self.service_account}.{self.namespace}.svc"

    def __str__(self) -> str:
        return self.uri


def trust_prefix(trust_domain: str) -> str:
    """What every SPIFFE ID of the trust domain begins with."""
    return f"spiffe://{trust_domain}/"


def parse_identity(uri: str) -> Identity:
    """The workload that a SPIFFE ID names. Raises NotAnIdentity."""
    found = _ID.fullmatch(uri)
    if found is None:
        raise NotAnIdentity(f"{uri!r} is not spiffe://<trust domain>/ns/<namespace>/sa/<service account>")
    return Identity(found["domain"], found["namespace"], found["account"])
