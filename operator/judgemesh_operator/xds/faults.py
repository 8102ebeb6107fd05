"""Faults on purpose. The filter stands in every outbound chain, so that a fault begins and ends by routes alone."""

from google.rpc.code_pb2 import Code

from judgemesh_operator.api.traffic_policy import Fault
from judgemesh_operator.xds.envoy import Json, duration, extension, typed

FAULT = "envoy.filters.http.fault"
_MESSAGE = "extensions.filters.http.fault.v3.HTTPFault"


def fault_filter() -> Json:
    """Does nothing where no route says otherwise."""
    return extension(FAULT, _MESSAGE)


def route_fault(fault: Fault | None) -> Json:
    """The `typed_per_filter_config` of a route with this fault."""
    if fault is None:
        return {}
    config: Json = {}
    if fault.delay:
        config["delay"] = {"fixed_delay": duration(fault.delay.duration), "percentage": _percent(fault.delay.percent)}
    if fault.abort:
        config["abort"] = {"grpc_status": Code.Value(fault.abort.code), "percentage": _percent(fault.abort.percent)}
    return {FAULT: typed(_MESSAGE, **config)}


def _percent(percent: int) -> Json:
    return {"numerator": percent, "denominator": "HUNDRED"}
