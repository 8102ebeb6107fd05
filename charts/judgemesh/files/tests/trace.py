"""One trace has a submission's every hop: gateway, services, their sidecars, the worker, its tests."""

import os
import secrets
import time

import httpx
from client import SECONDS, client, judged, log_in, problem

EXPECTED = {"gateway", "execution", "problem", "worker"}
trace = secrets.token_hex(16)
with client() as http:
    log_in(http)
    with problem(http) as name:
        judged(http, name, {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"})

deadline = time.monotonic() + SECONDS
while True:
    answer = httpx.get(f"http://{os.environ['JAEGER']}/api/traces/{trace}", timeout=10)
    found = (answer.json().get("data") or [{}])[0] if answer.is_success else {}
    services = {process["serviceName"] for process in found.get("processes", {}).values()}
    spans = found.get("spans", [])
    if services >= EXPECTED and any(span["operationName"].startswith("test ") for span in spans):
        break
    if time.monotonic() > deadline:
        missing = sorted(EXPECTED - set(services))
        raise SystemExit(f"trace {trace} has {len(spans)} spans of {sorted(services)}, and none of {missing}")
    time.sleep(1)
print(f"trace {trace}: {len(spans)} spans of {', '.join(sorted(services))}")
