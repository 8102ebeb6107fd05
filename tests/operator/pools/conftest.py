from tests.operator.kubernetes import api_server, cluster, kubeconfig

__all__ = ["api_server", "cluster", "kubeconfig"]
