"""A problem is imported, a program submitted and judged, and every update arrives."""

from client import client, judged, log_in, problem

with client() as http:
    log_in(http)
    with problem(http) as name:
        final = judged(http, name, {})
if final["verdict"] != "VERDICT_ACCEPTED":
    raise SystemExit(f"expected VERDICT_ACCEPTED: {final}")
print(final["name"], final["verdict"])
