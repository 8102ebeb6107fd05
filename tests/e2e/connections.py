"""Runs in a pod: tries to connect to all of some addresses at once, and prints which let it."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor


def outcome(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
    except TimeoutError:
        return "silence"
    except OSError as error:
        return type(error).__name__
    return "open"


targets = json.loads("""TARGETS""")
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps(dict(zip(targets, pool.map(outcome, targets.values()), strict=True))))
