"""Signs PodCertificateRequests: the kubelet makes a pod's key, and asks for a certificate of its service account.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#pod-certificate-requests
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from judgemesh_operator.identity.authority import Authority, Issued
from judgemesh_operator.identity.certificates import SubjectKey
from judgemesh_operator.identity.spiffe import Identity, NotAnIdentity

SIGNER_NAME = "judgemesh.dev/mesh"
SHORTEST = timedelta(hours=1)
"""The API server refuses certificates that live shorter."""

_LONGEST_REQUEST = 64 * 1024


class Denied(Exception):
    """A request that is never going to be signed; `reason` is for the condition."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True)
class PodCertificates:
    """Answers requests to one signer. Whoever writes the status decides nothing."""

    authority: Authority
    signer_name: str = SIGNER_NAME

    def concerns(self, request: Mapping[str, Any]) -> bool:
        """Whether it is this signer's, and nobody has answered it yet."""
        status = request.get("status") or {}
        answered = status.get("certificateChain") or any(
            condition.get("type") in {"Issued", "Denied", "Failed"} for condition in status.get("conditions") or ()
        )
        return request.get("spec", {}).get("signerName") == self.signer_name and not answered

    def handle(self, request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The status to write: the certificate, or why there is none. Raises authority.NotReady."""
        try:
            return self._issued(self._sign(request, now), now)
        except Denied as denied:
            return {"conditions": [_condition("Denied", denied.reason, str(denied), now)]}

    def _sign(self, request: Mapping[str, Any], now: datetime) -> Issued:
        spec = request["spec"]
        if spec.get("unverifiedUserAnnotations"):
            raise Denied("InvalidUnverifiedUserAnnotations", "this signer knows no annotations")
        longest = timedelta(seconds=spec.get("maxExpirationSeconds") or 24 * 3600)
        return self.authority.issue(_public_key(spec), self._identity(request), now, lifetime=max(longest, SHORTEST))

    def _identity(self, request: Mapping[str, Any]) -> Identity:
        """From fields that the API server has checked: the node runs that pod, and the pod has that account."""
        try:
            return Identity(
                self.authority.trust_domain, request["metadata"]["namespace"], request["spec"]["serviceAccountName"]
            )
        except (KeyError, NotAnIdentity) as error:
            raise Denied("InvalidServiceAccount", str(error)) from error

    def _issued(self, issued: Issued, now: datetime) -> dict[str, Any]:
        return {
            "conditions": [_condition("Issued", "Signed", f"by {self.signer_name}", now)],
            "certificateChain": issued.chain,
            "notBefore": timestamp(issued.not_before),
            "beginRefreshAt": timestamp(issued.refresh_at),
            "notAfter": timestamp(issued.not_after),
        }


def _public_key(spec: Mapping[str, Any]) -> SubjectKey:
    """The key of `stubPKCS10Request`, whose own signature proves that the asker has it. Raises Denied."""
    text = spec.get("stubPKCS10Request") or ""
    if not text or len(text) > _LONGEST_REQUEST:
        raise Denied("InvalidRequest", f"stubPKCS10Request has {len(text)} characters")
    try:
        request = x509.load_der_x509_csr(base64.b64decode(text, validate=True))
        signed, key = request.is_signature_valid, request.public_key()
    except (binascii.Error, ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise Denied("InvalidRequest", "stubPKCS10Request is not a PKCS#10 request") from error
    if not signed:
        raise Denied("InvalidRequest", "the signature of stubPKCS10Request is not that of its key")
    if isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)) or _is_long_rsa(key):
        return key  # type: ignore[return-value] # the last of the three is an RSA key
    raise Denied("UnsupportedKeyType", "this signer takes ECDSAP256, ECDSAP384, ECDSAP521, ED25519, RSA3072, RSA4096")


def _is_long_rsa(key: object) -> bool:
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= 3072


def _condition(kind: str, reason: str, message: str, now: datetime) -> dict[str, str]:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": timestamp(now),
    }


def timestamp(moment: datetime) -> str:
    """As Kubernetes writes it: RFC 3339 in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
