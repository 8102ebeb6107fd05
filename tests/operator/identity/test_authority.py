"""The authority with real keys: what it signs is accepted by those who trust it, and it survives being stored."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from judgemesh_operator.identity import (
    Authority,
    Identity,
    NotAnIdentity,
    NotReady,
    Rotation,
    load_authority,
    parse_identity,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Identity("judge.example", "contest", "ada")


def authority() -> Authority:
    return Authority("judge.example").advanced(NOW)


def verified(chain: bytes, roots: str, now: datetime) -> list[str]:
    """The SPIFFE IDs of a chain, checked as a server checks its client. Raises VerificationError."""
    leaf, *between = x509.load_pem_x509_certificates(chain)
    store = Store(x509.load_pem_x509_certificates(roots.encode()))
    client = PolicyBuilder().store(store).time(now).build_client_verifier().verify(leaf, between)
    return [str(name.value) for name in client.subjects or () if isinstance(name, x509.UniformResourceIdentifier)]


def test_leaf() -> None:
    """A leaf is accepted under the trusted roots, names its workload, and its key is in the same bundle."""
    made = authority()
    credentials = made.credentials(ADA, NOW)
    leaf = x509.load_pem_x509_certificates(credentials.bundle)[0]

    assert verified(credentials.bundle, made.trusted, NOW) == ["spiffe://judge.example/ns/contest/sa/ada"]
    assert credentials.bundle.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert load_pem_private_key(credentials.bundle, None).public_key() == leaf.public_key()


def test_dns_name() -> None:
    """A leaf has the DNS name of its account's Service too, for clients that know no SPIFFE."""
    leaf = x509.load_pem_x509_certificates(authority().credentials(ADA, NOW).bundle)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["ada.contest.svc"]


def test_validity() -> None:
    """A leaf lives as long as asked but no longer than the rotation says, and is renewed half-way."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()

    hour = authority().issue(key, ADA, NOW, lifetime=timedelta(hours=1))
    week = authority().issue(key, ADA, NOW, lifetime=timedelta(days=7))

    assert hour.not_after - hour.not_before == timedelta(hours=1)
    assert hour.refresh_at - hour.not_before == timedelta(minutes=30)
    assert week.not_after - week.not_before == timedelta(hours=24)


def test_other_authority() -> None:
    """What another authority has signed is not accepted."""
    credentials = authority().credentials(ADA, NOW)

    with pytest.raises(VerificationError):
        verified(credentials.bundle, authority().trusted, NOW)


def test_stored() -> None:
    """An authority that was kept in a Secret and read again trusts and signs the same."""
    made = authority()
    again = load_authority(made.to_data(), "judge.example")

    assert again.trusted == made.trusted
    assert again.to_data() == made.to_data()
    assert again.advanced(NOW) == again
    assert verified(again.credentials(ADA, NOW).bundle, made.trusted, NOW) == [ADA.uri]


def test_nothing_to_sign_with() -> None:
    """An authority without certificates says so."""
    with pytest.raises(NotReady):
        Authority("judge.example").credentials(ADA, NOW)


def test_root_rotation_overlaps() -> None:
    """While the root is replaced, leaves of before and after are both accepted, until the old ones have expired."""
    rotation = Rotation(leaf=timedelta(hours=1), spread=timedelta(minutes=10))
    before = Authority("judge.example", rotation).advanced(NOW)
    asked = before.advanced(NOW, renew_root=True)
    switched_at = NOW + rotation.spread + timedelta(minutes=1)
    switched = asked.advanced(switched_at)
    ended_at = switched_at + rotation.leaf + rotation.spread
    ended = switched.advanced(ended_at)

    old, new = asked.credentials(ADA, NOW), switched.credentials(ADA, switched_at)

    assert verified(old.bundle, before.trusted, NOW) == [ADA.uri]
    assert verified(old.bundle, switched.trusted, switched_at) == [ADA.uri]
    assert verified(new.bundle, asked.trusted, switched_at) == [ADA.uri]
    assert (len(asked.roots), len(ended.roots)) == (2, 1)
    with pytest.raises(VerificationError):
        verified(new.bundle, before.trusted, switched_at)


def test_identity_of_uri() -> None:
    """A SPIFFE ID is read back to what it is made of."""
    assert parse_identity(ADA.uri) == ADA


@pytest.mark.parametrize(
    "uri",
    [
        "spiffe://judge.example/ns/contest",
        "spiffe://judge.example/ns/contest/sa/ada/more",
        "spiffe://judge.example/ns//sa/ada",
        "https://judge.example/ns/contest/sa/ada",
        "spiffe://judge.example/ns/contest/sa/Ada",
    ],
)
def test_not_an_identity(uri: str) -> None:
    """What is not exactly the ID of a service account is refused."""
    with pytest.raises(NotAnIdentity):
        parse_identity(uri)
