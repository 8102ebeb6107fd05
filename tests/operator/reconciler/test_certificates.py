"""The mesh's certificates, asked for by a real kubelet, or kept in Secrets of a real API server."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography import x509

from judgemesh_operator.api import parse_resources
from judgemesh_operator.cluster.client import Cluster, Conflict
from judgemesh_operator.cluster.collections import (
    CLUSTER_TRUST_BUNDLES,
    POD_CERTIFICATE_REQUESTS,
    SECRETS,
    Collection,
    Selection,
)
from judgemesh_operator.reconciler.certificates import AUTHORITY, Certificates
from tests.cluster import node
from tests.cluster.configuration import PAUSE_IMAGE
from tests.operator.api.bad_resources import GOOD, document

Json = dict[str, Any]

PODS = Collection("", "v1", "pods", "Pod")
TRUST_DOMAIN = "judge.example"


@pytest_asyncio.fixture(loop_scope="session")
async def signer(cluster: Cluster, api_server: httpx.AsyncClient) -> AsyncIterator[str]:
    """A signer's name of the test's own: its trust bundle is the whole cluster's."""
    name = f"test-{uuid.uuid4().hex[:8]}.judgemesh.dev/mesh"
    yield name
    await api_server.delete(CLUSTER_TRUST_BUNDLES.path(None, f"{name.replace('/', ':')}:roots"))


def now() -> datetime:
    return datetime.now(UTC)


def uris(pem: bytes) -> list[str]:
    leaf = x509.load_pem_x509_certificates(pem)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.UniformResourceIdentifier)


async def test_authority_is_kept(cluster: Cluster, signer: str) -> None:
    """The authority survives its keeper: another finds the same roots, and nobody makes it twice."""
    first = await Certificates(cluster, TRUST_DOMAIN, signer).keep(now())
    second = await Certificates(cluster, TRUST_DOMAIN, signer).keep(now())
    bundle = await cluster.everywhere.get(CLUSTER_TRUST_BUNDLES, f"{signer.replace('/', ':')}:roots")

    assert second.trusted == first.trusted
    assert bundle["spec"]["trustBundle"] == first.trusted


async def test_two_keepers(cluster: Cluster, signer: str) -> None:
    """Of two that advance the same authority one must read again: no root is forgotten."""
    one, two = Certificates(cluster, TRUST_DOMAIN, signer), Certificates(cluster, TRUST_DOMAIN, signer)
    await one.keep(now())
    await two.keep(now())
    later = now() + timedelta(days=4000)
    await one.keep(later)

    with pytest.raises(Conflict):
        await two.keep(later)


async def test_secrets(cluster: Cluster, signer: str) -> None:
    """Where pods cannot ask, each account has a Secret, and what is good is left alone."""
    spec = {**GOOD["GrpcService"], "serviceAccount": "notes-account"}
    service = document("GrpcService", "notes", spec)
    service["metadata"]["namespace"] = cluster.namespace
    resources = parse_resources([("test", service)])
    certificates = Certificates(cluster, TRUST_DOMAIN, signer, pod=False, accounts=("judgemesh-xds",))

    await certificates.distribute(resources, now())
    secrets = [await cluster.get(SECRETS, f"{name}-mesh-identity") for name in ("notes-account", "judgemesh-xds")]
    await Certificates(cluster, TRUST_DOMAIN, signer, pod=False, accounts=("judgemesh-xds",)).distribute(
        resources, now()
    )
    again = [await cluster.get(SECRETS, each["metadata"]["name"]) for each in secrets]

    assert [uris(base64.b64decode(each["data"]["bundle.pem"])) for each in secrets] == [
        [f"spiffe://{TRUST_DOMAIN}/ns/{cluster.namespace}/sa/{name}"] for name in ("notes-account", "judgemesh-xds")
    ]
    assert again == secrets


@pytest.mark.skipif(not node.runs(), reason="needs the test node, whose one image is known")
async def test_pod(cluster: Cluster, signer: str) -> None:
    """A pod whose volume asks for a certificate starts when the signer has answered, and never before."""
    certificates = Certificates(cluster, TRUST_DOMAIN, signer)
    await certificates.keep(now())
    await cluster.create(PODS, _pod(signer))

    request = await _first_request(cluster)
    waiting = await cluster.get(PODS, "notes")
    await certificates.certify([request], now())
    async with asyncio.timeout(90):
        while (await cluster.get(PODS, "notes"))["status"]["phase"] != "Running":
            await asyncio.sleep(0.2)
    answered = await cluster.get(POD_CERTIFICATE_REQUESTS, request["metadata"]["name"])

    assert waiting["status"]["phase"] == "Pending"
    assert uris(answered["status"]["certificateChain"].encode()) == [
        f"spiffe://{TRUST_DOMAIN}/ns/{cluster.namespace}/sa/default"
    ]


async def _first_request(cluster: Cluster) -> Json:
    async with asyncio.timeout(60):
        while not (items := (await cluster.list(Selection(POD_CERTIFICATE_REQUESTS))).items):
            await asyncio.sleep(0.2)
    return items[0]


def _pod(signer: str) -> Json:
    asked = {"signerName": signer, "keyType": "ECDSAP256", "credentialBundlePath": "bundle.pem"}
    roots = {"signerName": signer, "labelSelector": {}, "path": "roots.pem"}
    return {
        "metadata": {"name": "notes"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "pause",
                    "image": PAUSE_IMAGE,
                    "imagePullPolicy": "Never",
                    "volumeMounts": [{"name": "identity", "mountPath": "/identity"}],
                }
            ],
            "volumes": [
                {
                    "name": "identity",
                    "projected": {"sources": [{"podCertificate": asked}, {"clusterTrustBundle": roots}]},
                }
            ],
        },
    }


def test_authority_has_a_name_of_its_own() -> None:
    """The Secret of the authority's keys is none of an account's."""
    assert not AUTHORITY.endswith("-mesh-identity")
