"""Requests for pods' certificates, as the kubelet makes them."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from judgemesh_operator.identity import Authority, PodCertificates

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNER = PodCertificates(Authority("cluster.local").advanced(NOW))
KEY = ec.generate_private_key(ec.SECP256R1())

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def stub(key: PrivateKey = KEY) -> str:
    """The kubelet's PKCS#10 request: a key and its signature, and no name."""
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, algorithm)
    return base64.b64encode(request.public_bytes(Encoding.DER)).decode()


def request(**spec: Any) -> dict[str, Any]:
    given = {
        "signerName": "judgemesh.dev/mesh",
        "serviceAccountName": "execution",
        "podName": "execution-1",
        "nodeName": "node-1",
        "maxExpirationSeconds": 7200,
        "stubPKCS10Request": stub(),
    }
    return {"metadata": {"name": "r", "namespace": "judge"}, "spec": {**given, **spec}}


def test_issued() -> None:
    """The certificate is for the pod's key and service account, and its times are those of the status."""
    status = SIGNER.handle(request(), NOW)
    leaf, intermediate = x509.load_pem_x509_certificates(status["certificateChain"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://cluster.local/ns/judge/sa/execution"]
    assert leaf.public_key() == KEY.public_key()
    leaf.verify_directly_issued_by(intermediate)
    assert {key: status[key] for key in ("notBefore", "beginRefreshAt", "notAfter")} == {
        "notBefore": "2025-12-31T23:59:00Z",
        "beginRefreshAt": "2026-01-01T00:59:00Z",
        "notAfter": "2026-01-01T01:59:00Z",
    }
    assert (status["notBefore"], status["notAfter"]) == tuple(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    )
    assert [condition["type"] for condition in status["conditions"]] == ["Issued"]


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 3072)])
def test_other_keys(key: PrivateKey) -> None:
    """The other kinds of keys that kubelets make are signed too."""
    assert "certificateChain" in SIGNER.handle(request(stubPKCS10Request=stub(key)), NOW)


def forged() -> str:
    """A request whose signature is another's."""
    raw = bytearray(base64.b64decode(stub()))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"stubPKCS10Request": ""}, "InvalidRequest"),
        ({"stubPKCS10Request": "!"}, "InvalidRequest"),
        ({"stubPKCS10Request": base64.b64encode(b"no request").decode()}, "InvalidRequest"),
        ({"stubPKCS10Request": forged()}, "InvalidRequest"),
        ({"stubPKCS10Request": "A" * 100_000}, "InvalidRequest"),
        ({"stubPKCS10Request": stub(rsa.generate_private_key(65537, 2048))}, "UnsupportedKeyType"),
        ({"serviceAccountName": "a/../b"}, "InvalidServiceAccount"),
        ({"unverifiedUserAnnotations": {"judgemesh.dev/uri": "spiffe://x"}}, "InvalidUnverifiedUserAnnotations"),
    ],
)
def test_denied(spec: dict[str, Any], reason: str) -> None:
    """What cannot be signed is denied once and for all, with the reason, and without a certificate."""
    status = SIGNER.handle(request(**spec), NOW)

    assert [(condition["type"], condition["reason"]) for condition in status["conditions"]] == [("Denied", reason)]
    assert "certificateChain" not in status


def test_concerns() -> None:
    """Requests to other signers, and answered ones, are left alone."""
    answered = {**request(), "status": SIGNER.handle(request(), NOW)}
    denied = {**request(), "status": {"conditions": [{"type": "Denied"}]}}
    other = request(signerName="example.com/other")

    assert [SIGNER.concerns(each) for each in (request(), answered, denied, other)] == [True, False, False, False]
