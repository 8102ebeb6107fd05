"""mTLS between proxies: each shows the certificate of its service account, and accepts only whom it expects.

Envoy reads key, chain and roots from files, and reads them again when their folder changes, as the kubelet changes it:
all at once, by a symbolic link.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from judgemesh_operator.api.mesh_gateway import ListenerTls
from judgemesh_operator.identity.distribution import BUNDLE, ROOTS
from judgemesh_operator.identity.spiffe import Identity, trust_prefix
from judgemesh_operator.xds.envoy import Json, extension, typed
from judgemesh_operator.xds.proxies import Mtls, Source

_TLS = "extensions.transport_sockets.tls.v3"
_SOCKET = "envoy.transport_sockets.tls"
OWN, TRUSTED = "identity", "roots"


def client_socket(mtls: Mtls, server: Identity) -> Json:
    """Of a cluster: only this workload is accepted as its endpoints."""
    context = _context(mtls, {"exact": server.uri})
    return extension(_SOCKET, f"{_TLS}.UpstreamTlsContext", sni=server.dns_name, common_tls_context=context)


def server_socket(mtls: Mtls) -> Json:
    """Of a listener: only workloads of the trust domain get in; what each may do is for authorization to say."""
    return extension(
        _SOCKET,
        f"{_TLS}.DownstreamTlsContext",
        require_client_certificate=True,
        # A resumed session would not be checked against roots that have changed since.
        disable_stateless_session_resumption=True,
        disable_stateful_session_resumption=True,
        common_tls_context=_context(mtls, {"prefix": trust_prefix(mtls.trust_domain)}),
    )


def edge_socket(tls: ListenerTls, name: str, source: Source) -> Json:
    """Of an edge's listener: clients show no certificate. Its own is the secret of the listener's name."""
    context = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {"tls_minimum_protocol_version": tls.min_version},
        "tls_certificate_sds_secret_configs": [{"name": name, "sds_config": source.config_source("sds", name)}],
    }
    return extension(_SOCKET, f"{_TLS}.DownstreamTlsContext", common_tls_context=context)


def edge_secret(tls: ListenerTls, name: str) -> Json:
    """The files of a listener's certificate, which are read again when their folder changes."""
    own = {
        "certificate_chain": {"filename": tls.certificate},
        "private_key": {"filename": tls.key},
        "watched_directory": {"path": str(PurePosixPath(tls.certificate).parent)},
    }
    return {**typed(f"{_TLS}.Secret"), "name": name, "tls_certificate": own}


def secret_files(mtls: Mtls) -> Mapping[str, Json]:
    """The files to be in `mtls.secrets`, by name. They hold paths and no secret."""
    watched = {"watched_directory": {"path": str(mtls.certificates)}}
    bundle = {"filename": str(mtls.certificates / BUNDLE)}
    roots = {"filename": str(mtls.certificates / ROOTS)}
    own = {"tls_certificate": {"certificate_chain": bundle, "private_key": bundle, **watched}}
    trusted = {"validation_context": {"trusted_ca": roots, **watched}}
    return {_file(name): _secret(name, secret) for name, secret in ((OWN, own), (TRUSTED, trusted))}


def _context(mtls: Mtls, peer: Json) -> Json:
    names = [{"san_type": "URI", "matcher": peer}]
    return {
        "alpn_protocols": ["h2"],
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificate_sds_secret_configs": [_reference(mtls, OWN)],
        "combined_validation_context": {
            "default_validation_context": {"match_typed_subject_alt_names": names},
            "validation_context_sds_secret_config": _reference(mtls, TRUSTED),
        },
    }


def _reference(mtls: Mtls, name: str) -> Json:
    source = {"path_config_source": {"path": str(mtls.secrets / _file(name))}, "resource_api_version": "V3"}
    return {"name": name, "sds_config": source}


def _file(name: str) -> str:
    return f"sds-{name}.json"


def _secret(name: str, secret: Json) -> Json:
    return {"resources": [{**typed(f"{_TLS}.Secret"), "name": name, **secret}]}
