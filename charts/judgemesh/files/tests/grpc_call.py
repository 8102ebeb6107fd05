"""The gateway answers gRPC on the same port."""

import os

import grpc

from judgemesh.execution.v1.execution_service_pb2 import ListLanguagesRequest
from judgemesh.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

with grpc.insecure_channel(os.environ["GATEWAY"]) as channel:
    answer = ExecutionServiceStub(channel).ListLanguages(ListLanguagesRequest(), timeout=30, wait_for_ready=True)
print(f"{len(answer.languages)} languages")
