"""The Kubernetes API as the operator uses it: watched by kopf, read and written over plain HTTP."""

from judgemesh_operator.cluster.client import Cluster, ClusterError, Conflict, NotThere
from judgemesh_operator.cluster.collections import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    GRPC_SERVICES,
    JUDGE_POOLS,
    LEASES,
    MESH_GATEWAYS,
    TRAFFIC_POLICIES,
    Collection,
    Selection,
)
from judgemesh_operator.cluster.mirror import Mirror

__all__ = [
    "CONFIG_MAPS",
    "DEPLOYMENTS",
    "ENDPOINT_SLICES",
    "GRPC_SERVICES",
    "JUDGE_POOLS",
    "LEASES",
    "MESH_GATEWAYS",
    "TRAFFIC_POLICIES",
    "Cluster",
    "ClusterError",
    "Collection",
    "Conflict",
    "Mirror",
    "NotThere",
    "Selection",
]
