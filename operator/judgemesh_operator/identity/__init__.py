"""Identity: who a workload is, and the authority that certifies it."""

from judgemesh_operator.identity.authority import Authority, Credentials, Issued, NotReady, load_authority
from judgemesh_operator.identity.distribution import BUNDLE, ROOTS, cluster_trust_bundle, identity_secret, secret_name
from judgemesh_operator.identity.pod_certificates import SIGNER_NAME, PodCertificates
from judgemesh_operator.identity.rotation import Rotation
from judgemesh_operator.identity.spiffe import DEFAULT_TRUST_DOMAIN, Identity, NotAnIdentity, parse_identity

__all__ = [
    "BUNDLE",
    "DEFAULT_TRUST_DOMAIN",
    "ROOTS",
    "SIGNER_NAME",
    "Authority",
    "Credentials",
    "Identity",
    "Issued",
    "NotAnIdentity",
    "NotReady",
    "PodCertificates",
    "Rotation",
    "cluster_trust_bundle",
    "identity_secret",
    "load_authority",
    "parse_identity",
    "secret_name",
]
