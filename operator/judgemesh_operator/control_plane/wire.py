"""The bytes of responses, put together from parts that are serialised already.

A response to a thousand proxies differs in its nonce alone; a message made for each would be most of the work.
Field numbers are those of envoy/service/discovery/v3/discovery.proto, and a test holds them against it.
"""

from collections.abc import Iterable


def delta_element(name: str, version: str, content: bytes) -> bytes:
    """An element of DeltaDiscoveryResponse.resources: a Resource with its Any."""
    return _field(2, _field(1, version.encode()) + _field(2, content) + _field(3, name.encode()))


def world_element(content: bytes) -> bytes:
    """An element of DiscoveryResponse.resources: an Any."""
    return _field(2, content)


def delta_response(url: str, version: str, nonce: str, elements: Iterable[bytes], removed: Iterable[str] = ()) -> bytes:
    """A serialised DeltaDiscoveryResponse."""
    return b"".join(
        (
            _field(1, version.encode()),
            *elements,
            _field(4, url.encode()),
            _field(5, nonce.encode()),
            *(_field(6, name.encode()) for name in removed),
        )
    )


def world_response(url: str, version: str, nonce: str, elements: Iterable[bytes]) -> bytes:
    """A serialised DiscoveryResponse."""
    return b"".join(
        (_field(1, version.encode()), *elements, _field(4, url.encode()), _field(5, nonce.encode())),
    )


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field (https://protobuf.dev/programming-guides/encoding/)."""
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
