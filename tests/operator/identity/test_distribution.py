"""What pods mount."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509

from judgemesh_operator.identity import Authority, Identity, cluster_trust_bundle, identity_secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTHORITY = Authority("cluster.local").advanced(NOW)
ADA = Identity("cluster.local", "judge", "ada")


def test_trust_bundle() -> None:
    """The bundle is named after its signer, and holds all trusted roots."""
    asked = AUTHORITY.advanced(NOW, renew_root=True)
    bundle = cluster_trust_bundle(asked)

    assert bundle["metadata"]["name"] == "judgemesh.dev:mesh:roots"
    assert bundle["spec"]["signerName"] == "judgemesh.dev/mesh"
    assert len(x509.load_pem_x509_certificates(bundle["spec"]["trustBundle"].encode())) == 2


def test_first_secret() -> None:
    """A service account without a Secret gets one with key, chain and roots."""
    secret = identity_secret(AUTHORITY, ADA, NOW, None)

    assert secret is not None
    assert (secret["metadata"]["name"], secret["metadata"]["namespace"]) == ("ada-mesh-identity", "judge")
    assert base64.b64decode(secret["data"]["roots.pem"]).decode() == AUTHORITY.trusted
    assert len(x509.load_pem_x509_certificates(base64.b64decode(secret["data"]["bundle.pem"]))) == 2


def test_good_secret_is_left() -> None:
    """Nothing is written in the first half of a certificate's life."""
    secret = identity_secret(AUTHORITY, ADA, NOW, None)

    assert identity_secret(AUTHORITY, ADA, NOW + timedelta(hours=11), secret) is None


def test_refresh() -> None:
    """In the second half there is a new key."""
    secret = identity_secret(AUTHORITY, ADA, NOW, None)
    renewed = identity_secret(AUTHORITY, ADA, NOW + timedelta(hours=12), secret)

    assert secret is not None
    assert renewed is not None
    assert renewed["data"]["bundle.pem"] != secret["data"]["bundle.pem"]


def test_roots_change_alone() -> None:
    """A new root reaches the Secret at once, and leaves its certificate as it is."""
    secret = identity_secret(AUTHORITY, ADA, NOW, None)
    renewed = identity_secret(AUTHORITY.advanced(NOW, renew_root=True), ADA, NOW, secret)

    assert secret is not None
    assert renewed is not None
    assert renewed["data"]["bundle.pem"] == secret["data"]["bundle.pem"]
    assert renewed["data"]["roots.pem"] != secret["data"]["roots.pem"]


def test_broken_secret() -> None:
    """A Secret that holds something else, or another's certificate, is replaced."""
    other = identity_secret(AUTHORITY, Identity("cluster.local", "judge", "bob"), NOW, None)

    assert identity_secret(AUTHORITY, ADA, NOW, other) is not None
    assert identity_secret(AUTHORITY, ADA, NOW, {"data": {"bundle.pem": "bm90IFBFTQ=="}}) is not None
