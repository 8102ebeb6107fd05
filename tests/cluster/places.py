"""Where the node's files are: programs in the user's cache, which outlives clones; state where pods may reach it."""

import os
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "judgemesh" / "cluster"
PROGRAMS = CACHE / "bin"
IMAGES = CACHE / "images"
"""Archives of images, and the base images that they are made from."""

STATE = Path(os.environ.get("JUDGEMESH_CLUSTER_STATE", "/var/lib/judgemesh-cluster"))
"""Not below a home directory: pods in user namespaces must be able to pass every folder above their own."""
KEYS = STATE / "keys"
LOGS = STATE / "logs"
KUBECONFIG = KEYS / "admin.kubeconfig"
CONTAINERD = STATE / "containerd.sock"
