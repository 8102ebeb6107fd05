"""The mesh's certificate authority: a value that is kept in a Secret, advanced by time, and signs leaves."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from judgemesh_operator.identity.certificates import (
    SKEW,
    Issuer,
    SubjectKey,
    load_issuer,
    make_intermediate,
    make_leaf,
    make_root,
    private_pem,
)
from judgemesh_operator.identity.rotation import (
    DropRoot,
    MakeIntermediate,
    MakeRoot,
    Rotation,
    State,
    Step,
    Validity,
    due,
    next_due,
)
from judgemesh_operator.identity.spiffe import Identity


class NotReady(Exception):
    """The authority has nothing to sign with; `advanced` gives it."""


@dataclass(frozen=True)
class Issued:
    """A leaf with its intermediate, as PEM, and when it counts."""

    chain: str
    not_before: datetime
    refresh_at: datetime
    not_after: datetime


@dataclass(frozen=True)
class Credentials:
    """What a workload proves itself with: a PEM of its PKCS#8 key and its chain. Secret."""

    bundle: bytes
    issued: Issued


@dataclass(frozen=True)
class Authority:
    """Roots from old to new, and the intermediate that signs."""

    trust_domain: str
    rotation: Rotation = field(default_factory=Rotation)
    roots: tuple[Issuer, ...] = ()
    intermediate: Issuer | None = None

    @property
    def trusted(self) -> str:
        """The roots that proxies trust, as PEM, from old to new."""
        return "".join(root.certificate.public_bytes(Encoding.PEM).decode() for root in self.roots)

    def advanced(self, now: datetime, *, renew_root: bool = False) -> "Authority":
        """With all that is due done; itself if nothing is. Keep it before using it, or trust is lost on a crash."""
        made = self
        for step in due(self._state(), self.rotation, now, renew_root=renew_root):
            made = made._with(step, now)
        return made

    def next_due(self, now: datetime) -> datetime:
        """When to call `advanced` again."""
        return next_due(self._state(), self.rotation, now)

    def issue(self, key: SubjectKey, identity: Identity, now: datetime, *, lifetime: timedelta | None = None) -> Issued:
        """Signs a key. The lifetime is `rotation.leaf` at most. Raises NotReady."""
        if self.intermediate is None:
            raise NotReady("the authority has no intermediate certificate")
        begins = _whole_seconds(now - SKEW)
        longest = min(lifetime or self.rotation.leaf, self.rotation.leaf)
        ends = min(begins + longest, self.intermediate.expires)
        leaf = make_leaf(self.intermediate, key, identity, not_before=begins, not_after=ends)
        chain = [leaf, self.intermediate.certificate]
        pem = "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in chain)
        return Issued(pem, begins, _whole_seconds(begins + (ends - begins) / 2), ends)

    def credentials(self, identity: Identity, now: datetime) -> Credentials:
        """A new key and its certificate. Raises NotReady."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = self.issue(key.public_key(), identity, now)
        return Credentials(private_pem(key) + issued.chain.encode(), issued)

    def to_data(self) -> dict[str, str]:
        """The `data` of the Secret that keeps the authority."""
        kept = {f"root-{root.name}.pem": root for root in self.roots}
        if self.intermediate:
            kept["intermediate.pem"] = self.intermediate
        return {name: base64.b64encode(issuer.to_pem()).decode() for name, issuer in kept.items()}

    def _state(self) -> State:
        by_key = {root.own_key: root.name for root in self.roots}
        roots = tuple(Validity(root.name, root.made, root.expires) for root in self.roots)
        if self.intermediate is None:
            return State(roots)
        signed_by = by_key.get(self.intermediate.parent_key, "")
        return State(
            roots, Validity(self.intermediate.name, self.intermediate.made, self.intermediate.expires, signed_by)
        )

    def _with(self, step: Step, now: datetime) -> "Authority":
        match step:
            case MakeRoot():
                return replace(self, roots=(*self.roots, make_root(self.trust_domain, now, self.rotation.root)))
            case MakeIntermediate(root):
                signer = next((each for each in self.roots if each.name == root), self.roots[-1])
                made = make_intermediate(signer, self.trust_domain, now, self.rotation.intermediate)
                return replace(self, intermediate=made)
            case DropRoot(root):
                return replace(self, roots=tuple(each for each in self.roots if each.name != root))


def load_authority(data: Mapping[str, str], trust_domain: str, rotation: Rotation | None = None) -> Authority:
    """The authority that a Secret's `data` keeps; with none, one that has nothing yet. Raises ValueError."""
    issuers = {name: load_issuer(base64.b64decode(text)) for name, text in data.items() if name.endswith(".pem")}
    roots = sorted((issuer for name, issuer in issuers.items() if name.startswith("root-")), key=lambda root: root.made)
    return Authority(trust_domain, rotation or Rotation(), tuple(roots), issuers.get("intermediate.pem"))


def _whole_seconds(moment: datetime) -> datetime:
    """Certificates and Kubernetes count whole seconds."""
    return moment.replace(microsecond=0)
