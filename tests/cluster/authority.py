"""The node's certificate authority: a certificate and a kubeconfig for each component."""

import base64
import ipaddress
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=365)
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Identity:
    """Whom a certificate is for; `user` and `group` are what Kubernetes' own roles are bound to."""

    name: str
    user: str
    group: str = ""
    hosts: tuple[str, ...] = ()


class Authority:
    """Makes the files of `folder`. Private keys are readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "judgemesh test cluster")])

    def write(self, identities: tuple[Identity, ...], server: str) -> None:
        """The authority, a key for service accounts, and of each identity certificate, key and kubeconfig."""
        self.folder.mkdir(parents=True, exist_ok=True)
        root = self._certificate(self._name, self._key.public_key(), authority=True)
        self._put("ca.crt", _pem(root))
        self._put("ca.key", _private(self._key))
        accounts = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._put("accounts.key", _private(accounts))
        self._put("accounts.pub", _public(accounts))
        for identity in identities:
            self._identity(identity, root, server)

    def _identity(self, identity: Identity, root: x509.Certificate, server: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
        if identity.group:
            names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
        certificate = _pem(self._certificate(x509.Name(names), key.public_key(), hosts=identity.hosts))
        self._put(f"{identity.name}.crt", certificate)
        self._put(f"{identity.name}.key", _private(key))
        config = _kubeconfig(server, _pem(root), certificate, _private(key))
        self._put(f"{identity.name}.kubeconfig", json.dumps(config, indent=1).encode())

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        hosts: tuple[str, ...] = (),
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if authority:  # Python 3.13 takes no authority that does not say that it is one
            builder = builder.add_extension(_SIGNS, critical=True)
        else:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
            builder = builder.add_extension(usage, critical=False)
        if hosts:
            alternatives = x509.SubjectAlternativeName([_host(host) for host in hosts])
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _put(self, name: str, content: bytes) -> None:
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)


def _kubeconfig(server: str, root: bytes, certificate: bytes, key: bytes) -> dict[str, object]:
    """JSON is YAML, so kubectl reads it."""
    cluster = {"server": server, "certificate-authority-data": _text(root)}
    user = {"client-certificate-data": _text(certificate), "client-key-data": _text(key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "judgemesh", "cluster": cluster}],
        "users": [{"name": "judgemesh", "user": user}],
        "contexts": [{"name": "judgemesh", "context": {"cluster": "judgemesh", "user": "judgemesh"}}],
        "current-context": "judgemesh",
    }


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, traditional, serialization.NoEncryption())


def _public(key: rsa.RSAPrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
