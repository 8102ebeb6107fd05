"""X.509 certificates of the mesh: roots, intermediates under them, and leaves that hold a SPIFFE ID.

https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from judgemesh_operator.identity.spiffe import Identity

SKEW = timedelta(minutes=1)
"""How much earlier a certificate counts than it is made: clocks of nodes differ."""

SubjectKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True)
class Issuer:
    """A certificate that signs others, with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def name(self) -> str:
        """Unique: made of the serial number."""
        return f"{self.certificate.serial_number:040x}"[-16:]

    @property
    def made(self) -> datetime:
        return self.certificate.not_valid_before_utc + SKEW

    @property
    def expires(self) -> datetime:
        return self.certificate.not_valid_after_utc

    @property
    def parent_key(self) -> bytes:
        """The key identifier of the certificate that signed this one."""
        found = self.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        return found.value.key_identifier or b""

    @property
    def own_key(self) -> bytes:
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    def to_pem(self) -> bytes:
        """Key and certificate: secret."""
        return private_pem(self.key) + self.certificate.public_bytes(Encoding.PEM)


def load_issuer(pem: bytes) -> Issuer:
    """What `Issuer.to_pem` gave. Raises ValueError."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's keys are on elliptic curves; this one is not")  # noqa: TRY004 - PEM is a value
    return Issuer(x509.load_pem_x509_certificate(pem), key)


def make_root(trust_domain: str, now: datetime, lifetime: timedelta) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = _authority_name(trust_domain, "root", serial)
    builder = _authority(name, key, serial, path_length=1).issuer_name(name)
    builder = _signed_by(key, builder).not_valid_before(now - SKEW).not_valid_after(now + lifetime)
    return Issuer(builder.sign(key, hashes.SHA256()), key)


def make_intermediate(root: Issuer, trust_domain: str, now: datetime, lifetime: timedelta) -> Issuer:
    """It ends no later than its root."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = _authority_name(trust_domain, "intermediate", serial)
    ends = min(now + lifetime, root.expires)
    builder = _authority(name, key, serial, path_length=0).issuer_name(root.certificate.subject)
    builder = _signed_by(root.key, builder).not_valid_before(now - SKEW).not_valid_after(ends)
    return Issuer(builder.sign(root.key, hashes.SHA256()), key)


def make_leaf(
    issuer: Issuer,
    key: SubjectKey,
    identity: Identity,
    *,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """A certificate to be a client and a server with. Its subject is empty, for its SPIFFE ID says all."""
    names = [x509.UniformResourceIdentifier(identity.uri), x509.DNSName(identity.dns_name)]
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
    )
    return _signed_by(issuer.key, builder).sign(issuer.key, hashes.SHA256())


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _authority_name(trust_domain: str, kind: str, serial: int) -> x509.Name:
    """Another for each: with two of one name, a verifier could try the wrong one."""
    common_name = f"judgemesh {kind} {serial:040x}"[:64]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, trust_domain[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _authority(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int, *, path_length: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed_by(key: ec.EllipticCurvePrivateKey, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
