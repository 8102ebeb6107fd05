"""The resources of `judgemesh.dev/v1alpha1`: typed, strict, immutable."""

from judgemesh_operator.api.endpoints import Endpoint, subset_cluster
from judgemesh_operator.api.grpc_service import GrpcService, GrpcServiceSpec
from judgemesh_operator.api.judge_pool import JudgePool, JudgePoolSpec
from judgemesh_operator.api.mesh_gateway import MeshGateway, MeshGatewaySpec
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources, load_resources, parse_resources
from judgemesh_operator.api.traffic_policy import TrafficPolicy, TrafficPolicySpec

__all__ = [
    "Endpoint",
    "GrpcService",
    "GrpcServiceSpec",
    "InvalidResources",
    "JudgePool",
    "JudgePoolSpec",
    "MeshGateway",
    "MeshGatewaySpec",
    "Problem",
    "Resources",
    "TrafficPolicy",
    "TrafficPolicySpec",
    "load_resources",
    "parse_resources",
    "subset_cluster",
]
