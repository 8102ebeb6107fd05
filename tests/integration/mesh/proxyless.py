"""A service without a sidecar, as far as calling goes: reads what to call from stdin, says what came of it."""

import asyncio
import json
import sys
from collections import Counter

import grpc
import grpc.aio

from services.common.channels import mesh_channel
from services.common.settings import Settings
from tests.operator.demo import message


async def main() -> None:
    settings = Settings()
    async with mesh_channel(settings.mesh_address, settings.call_timeout_seconds) as channel:
        for line in iter(sys.stdin.readline, ""):
            asked = json.loads(line)
            calls = (call(channel, asked["method"], asked["seconds"]) for _ in range(asked["count"]))
            results = await asyncio.gather(*calls) if asked["together"] else [await each for each in calls]
            print(json.dumps(Counter(results)), flush=True)


async def call(channel: grpc.aio.Channel, method: str, seconds: float) -> str:
    request = message("CreateNoteRequest")(request_id="1").SerializeToString() if "Create" in method else b""
    try:
        await channel.unary_unary(method)(request, timeout=seconds)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


if __name__ == "__main__":
    asyncio.run(main())
