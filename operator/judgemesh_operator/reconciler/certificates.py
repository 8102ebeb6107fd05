"""The mesh's certificates: keeps the authority, publishes its roots, and certifies pods."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from judgemesh_operator.api.resources import Resources
from judgemesh_operator.cluster.client import Cluster, ClusterError, NotThere
from judgemesh_operator.cluster.collections import CLUSTER_TRUST_BUNDLES, POD_CERTIFICATE_REQUESTS, SECRETS
from judgemesh_operator.control_plane.credentials import split
from judgemesh_operator.identity import (
    SIGNER_NAME,
    Authority,
    Identity,
    NotReady,
    PodCertificates,
    cluster_trust_bundle,
    identity_secret,
    load_authority,
    secret_name,
)
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.writer import OWNER
from judgemesh_operator.xds.identities import gateway_identity, service_identity

log = structlog.get_logger(__name__)

Json = dict[str, Any]

AUTHORITY = "judgemesh-authority"
"""The Secret that keeps the authority's keys."""


@dataclass
class Certificates:
    """One signer. `pod` says whether pods ask for certificates themselves; otherwise each account has a Secret."""

    cluster: Cluster
    trust_domain: str
    signer_name: str = SIGNER_NAME
    pod: bool = True
    accounts: tuple[str, ...] = ()
    """Service accounts that no resource names, and that need an identity all the same: the control plane's."""
    authority: Authority | None = None
    _kept: Json = field(default_factory=dict)
    _published: str = ""

    async def keep(self, now: datetime) -> Authority:
        """Loads the authority, does what is due, and stores it before it is used. Raises ClusterError."""
        if self.authority is None:
            self._kept = await self._load()
            self.authority = load_authority(self._kept.get("data") or {}, self.trust_domain)
        advanced = self.authority.advanced(now)
        if advanced is not self.authority:
            await self._store(advanced)
            self.authority = advanced
            log.info("authority advanced", roots=len(advanced.roots), next=advanced.next_due(now).isoformat())
        await self._publish(advanced)
        return advanced

    async def certify(self, requests: Iterable[Json], now: datetime) -> None:
        """Answers the pods' requests that nobody has answered. What cannot be written is tried again next time."""
        authority = await self.keep(now)
        signer = PodCertificates(authority, self.signer_name)
        for request in requests:
            if signer.concerns(request):
                await self._answer(request, signer.handle(request, now))

    async def distribute(self, resources: Resources, now: datetime) -> None:
        """Where pods cannot ask: one Secret for each service account, renewed half-way through. Raises ClusterError."""
        authority = await self.keep(now)
        for identity in sorted(self._identities(resources), key=str):
            name = secret_name(identity.service_account)
            try:
                existing: Mapping[str, Any] | None = await self.cluster.get(SECRETS, name)
            except NotThere:
                existing = None
            if wanted := identity_secret(authority, identity, now, existing):
                await self.cluster.apply(SECRETS, wanted, owner=OWNER)
                measures.certificates.labels("issued").inc()
                log.info("certificate issued", identity=str(identity), secret=name)

    def credentials(self, account: str, now: datetime) -> tuple[bytes, bytes, bytes]:
        """Key, chain and roots for an account of ours. Raises NotReady before the authority is there."""
        if self.authority is None:
            raise NotReady("the authority is not there yet")
        key, chain = split(self.authority.credentials(self.identity(account), now).bundle)
        return key, chain, self.authority.trusted.encode()

    def identity(self, account: str) -> Identity:
        return Identity(self.trust_domain, self.cluster.namespace, account)

    def _identities(self, resources: Resources) -> set[Identity]:
        services = {service_identity(each, self.trust_domain) for each in resources.services.values()}
        gateways = {gateway_identity(each, self.trust_domain) for each in resources.gateways.values()}
        return services | gateways | {self.identity(account) for account in self.accounts}

    async def _answer(self, request: Json, status: Json) -> None:
        metadata = request["metadata"]
        manifest = {"metadata": {"name": metadata["name"], "uid": metadata["uid"]}, "status": status}
        outcome = status["conditions"][0]["type"].lower()
        try:
            await self.cluster.apply(POD_CERTIFICATE_REQUESTS, manifest, owner=OWNER, part="status")
        except ClusterError as error:
            log.warning("certificate not issued", pod=request["spec"].get("podName"), error=str(error))
            outcome = "failed"
        measures.certificates.labels(outcome).inc()
        log.info("certificate request answered", pod=request["spec"].get("podName"), outcome=outcome)

    async def _load(self) -> Json:
        try:
            return await self.cluster.get(SECRETS, AUTHORITY)
        except NotThere:
            return {}

    async def _store(self, authority: Authority) -> None:
        """Only over the version that was read: two writers must not forget each other's roots."""
        manifest = {
            **self._kept,
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "judgemesh.dev/authority",
            "data": authority.to_data(),
        }
        if self._kept:
            self._kept = await self.cluster.replace(SECRETS, manifest)
        else:
            self._kept = await self.cluster.create(SECRETS, {**manifest, "metadata": {"name": AUTHORITY}})

    async def _publish(self, authority: Authority) -> None:
        if not self.pod:
            return
        version = hashlib.sha256(authority.trusted.encode()).hexdigest()
        if version == self._published:
            return
        bundle = cluster_trust_bundle(authority, signer_name=self.signer_name)
        await self.cluster.everywhere.apply(CLUSTER_TRUST_BUNDLES, bundle, owner=OWNER)
        self._published = version
