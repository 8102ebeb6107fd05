"""What pods mount: the roots as a ClusterTrustBundle, or, where the API has neither it nor pod certificates, a Secret
for each service account. Manifests, ready for server-side apply.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography import x509

from judgemesh_operator.identity.authority import Authority
from judgemesh_operator.identity.pod_certificates import SIGNER_NAME
from judgemesh_operator.identity.spiffe import Identity

BUNDLE = "bundle.pem"
"""A PEM of the PKCS#8 key and the chain, as `credentialBundlePath` writes it."""
ROOTS = "roots.pem"


def cluster_trust_bundle(
    authority: Authority, *, signer_name: str = SIGNER_NAME, name: str = "roots"
) -> dict[str, Any]:
    """The ClusterTrustBundle of the trusted roots; its name must begin with the signer's."""
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "ClusterTrustBundle",
        "metadata": {"name": f"{signer_name.replace('/', ':')}:{name}"},
        "spec": {"signerName": signer_name, "trustBundle": authority.trusted},
    }


def secret_name(service_account: str) -> str:
    return f"{service_account}-mesh-identity"


def identity_secret(
    authority: Authority, identity: Identity, now: datetime, existing: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The Secret of a service account as it is to be; None while the existing one is good.

    Roots are changed without a new key; a new certificate comes half-way through the old one's life.
    """
    data = dict((existing or {}).get("data") or {})
    wanted = dict(data)
    if _refresh_due(data.get(BUNDLE), identity, now):
        wanted[BUNDLE] = base64.b64encode(authority.credentials(identity, now).bundle).decode()
    wanted[ROOTS] = base64.b64encode(authority.trusted.encode()).decode()
    return None if wanted == data else _secret(identity, wanted)


def _secret(identity: Identity, data: Mapping[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": secret_name(identity.service_account), "namespace": identity.namespace},
        "data": {name: data[name] for name in (BUNDLE, ROOTS)},
    }


def _refresh_due(bundle: str | None, identity: Identity, now: datetime) -> bool:
    """Also of a bundle that cannot be read, or is another's."""
    if bundle is None:
        return True
    try:
        leaf = x509.load_pem_x509_certificates(base64.b64decode(bundle))[0]
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return True
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    own = identity.uri in names.get_values_for_type(x509.UniformResourceIdentifier)
    return not own or now >= begins + (ends - begins) / 2
