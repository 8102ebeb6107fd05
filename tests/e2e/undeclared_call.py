"""Runs in the user service's pod: calls the problem service, which user does not declare."""

import grpc

from judgemesh.problem.v1.problem_service_pb2 import ListProblemsRequest
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub

with grpc.insecure_channel("127.0.0.1:15001") as channel:
    try:
        ProblemServiceStub(channel).ListProblems(ListProblemsRequest(), timeout=5)
        print("OK")
    except grpc.RpcError as error:
        print(error.code().name, error.details())
