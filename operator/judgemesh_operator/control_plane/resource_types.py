"""The types of xDS resources, in the order in which a proxy must hear of them."""

from enum import Enum

_PREFIX = "type.googleapis.com/envoy."


class ResourceType(Enum):
    """The value is the field of a Snapshot that holds the type.

    In this order nothing refers to what is not there yet: clusters, their endpoints, listeners, their routes. Secrets
    hold the names of files, and no secret; a listener waits for its own.
    """

    CLUSTERS = "clusters"
    ENDPOINTS = "endpoints"
    LISTENERS = "listeners"
    ROUTES = "routes"
    SECRETS = "secrets"

    # Asked for with every resource of every snapshot, where the enum's own hash and name would be most of the work.
    __hash__ = object.__hash__

    @property
    def url(self) -> str:
        return _URLS[self]

    @property
    def whole(self) -> bool:
        """State of the world: whether what is absent from a response is thereby removed."""
        return self in (ResourceType.CLUSTERS, ResourceType.LISTENERS)


_URLS = {
    ResourceType.CLUSTERS: f"{_PREFIX}config.cluster.v3.Cluster",
    ResourceType.ENDPOINTS: f"{_PREFIX}config.endpoint.v3.ClusterLoadAssignment",
    ResourceType.LISTENERS: f"{_PREFIX}config.listener.v3.Listener",
    ResourceType.ROUTES: f"{_PREFIX}config.route.v3.RouteConfiguration",
    ResourceType.SECRETS: f"{_PREFIX}extensions.transport_sockets.tls.v3.Secret",
}

BY_URL = {url: kind for kind, url in _URLS.items()}

ANSWERED_AFTER = {ResourceType.CLUSTERS: ResourceType.ENDPOINTS, ResourceType.LISTENERS: ResourceType.ROUTES}
"""What must be sent again when a resource that refers to it changes.

A changed cluster warms up until it hears of its endpoints, which it does not ask for again: without them it stalls for
its `initial_fetch_timeout`.
"""

REMOVED_LAST = (
    ResourceType.LISTENERS,
    ResourceType.ROUTES,
    ResourceType.SECRETS,
    ResourceType.CLUSTERS,
    ResourceType.ENDPOINTS,
)
"""Clusters go when no route uses them any more."""
