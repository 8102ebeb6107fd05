"""Runs in a pod: calls the problem service's sidecar with the certificate of the pod's service account."""

from pathlib import Path

import grpc

from judgemesh.problem.v1.problem_service_pb2 import ListProblemsRequest
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub

IDENTITY = Path("/var/run/judgemesh/identity")
END = b"-----END PRIVATE KEY-----\n"

key, _, chain = (IDENTITY / "bundle.pem").read_bytes().partition(END)
credentials = grpc.ssl_channel_credentials((IDENTITY / "roots.pem").read_bytes(), key + END, chain)
name = ("grpc.ssl_target_name_override", "problem.judgemesh.svc")
with grpc.secure_channel("ADDRESS:15006", credentials, options=[name]) as channel:
    try:
        ProblemServiceStub(channel).ListProblems(ListProblemsRequest(), timeout=10)
        print("OK")
    except grpc.RpcError as error:
        print(error.code().name, error.details())
