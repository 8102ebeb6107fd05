"""Which objects of the Kubernetes API the operator knows, and where they are."""

from dataclasses import dataclass

from judgemesh_operator.api.objects import GROUP, VERSION


@dataclass(frozen=True)
class Collection:
    """All objects of one kind."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str = "") -> str:
        """The path of the collection, or of one object; without a namespace for what has none."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"{root}/namespaces/{namespace}" if namespace else root
        return f"{place}/{self.plural}/{name}" if name else f"{place}/{self.plural}"


@dataclass(frozen=True)
class Selection:
    """The objects of a collection that have some labels."""

    collection: Collection
    labels: str = ""
    """A label selector, by which the API server chooses: others are not even sent."""


GRPC_SERVICES = Collection(GROUP, VERSION, "grpcservices", "GrpcService")
MESH_GATEWAYS = Collection(GROUP, VERSION, "meshgateways", "MeshGateway")
TRAFFIC_POLICIES = Collection(GROUP, VERSION, "trafficpolicies", "TrafficPolicy")
JUDGE_POOLS = Collection(GROUP, VERSION, "judgepools", "JudgePool")
ENDPOINT_SLICES = Collection("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
CONFIG_MAPS = Collection("", "v1", "configmaps", "ConfigMap")
DEPLOYMENTS = Collection("apps", "v1", "deployments", "Deployment")
LEASES = Collection("coordination.k8s.io", "v1", "leases", "Lease")
SECRETS = Collection("", "v1", "secrets", "Secret")
POD_CERTIFICATE_REQUESTS = Collection("certificates.k8s.io", "v1", "podcertificaterequests", "PodCertificateRequest")
CLUSTER_TRUST_BUNDLES = Collection("certificates.k8s.io", "v1", "clustertrustbundles", "ClusterTrustBundle")
EVENTS = Collection("events.k8s.io", "v1", "events", "Event")
