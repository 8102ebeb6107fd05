"""The whole platform on one machine, from real parts: what `judgemesh up` starts."""

import os

# This process starts programs while gRPC asks others for their health, and gRPC's handlers in a forked child, which
# only goes on to exec, can make it die. Read when grpc is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
