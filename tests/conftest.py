"""What holds for every test."""

import os

# Programs are started from here while gRPC works: its handlers in a forked child, which only goes on to exec, close
# what it has not opened, and the child dies of it now and then. Read when grpc is imported.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
