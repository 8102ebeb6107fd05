"""The resources of `judgemesh.dev/v1alpha1`: typed, strict, immutable."""

from judgemesh_operator.api.grpc_service import GrpcService, GrpcServiceSpec
from judgemesh_operator.api.mesh_gateway import MeshGateway, MeshGatewaySpec
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources, load_resources, parse_resources

__all__ = [
    "GrpcService",
    "GrpcServiceSpec",
    "InvalidResources",
    "MeshGateway",
    "MeshGatewaySpec",
    "Problem",
    "Resources",
    "load_resources",
    "parse_resources",
]
