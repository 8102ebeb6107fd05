"""`judgemesh mesh`: what the control plane knows of its proxies, and where calls go."""

import contextlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from services.cli.context import JsonOption
from services.cli.output import console, fail, print_json

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from judgemesh.mesh.v1 import mesh_service_pb2 as pb

app = typer.Typer(
    help="The mesh: proxies, routes, and why a call goes where it goes.\n\n"
    "It asks the control plane of the platform that runs here; elsewhere forward its port and name it with "
    "[cyan]--control-plane[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

DEFAULT_CONTROL_PLANE = "127.0.0.1:15010"
CALL_SECONDS = 10

ControlPlaneOption = Annotated[
    str,
    typer.Option(
        "--control-plane",
        envvar="JUDGEMESH_CONTROL_PLANE",
        help="The control plane's address.",
        rich_help_panel="Connection",
    ),
]


@app.command()
def status(control_plane: ControlPlaneOption = DEFAULT_CONTROL_PLANE, json: JsonOption = False) -> None:
    """Show the connected proxies, what they acknowledged, and what they refuse.

    A number is how many resources of a type the proxy is to have: green when it acknowledged all of them as they are
    now, yellow while it has not, red when it refuses some.

    Examples: [cyan]judgemesh mesh status[/], [cyan]judgemesh mesh status --json[/]
    """
    with asking(control_plane) as (stub, messages):
        answer: pb.ListProxiesResponse = stub.ListProxies(messages.ListProxiesRequest(), timeout=CALL_SECONDS)
    if json:
        print_json(as_dict(answer))
        return
    console.print(_proxies(answer.proxies))
    for proxy in answer.proxies:
        for kind in proxy.types:
            for refusal in kind.refusals:
                what = f"{proxy.node_id} refuses {kind.type} {refusal.resource}"
                console.print(f"[bold red]✗[/] {escape(what)}: {escape(refusal.error)}", highlight=False)
    for problem in answer.problems:
        field = f" {problem.field}" if problem.field else ""
        console.print(f"[yellow]![/] {escape(problem.resource + field)}: {escape(problem.message)}", highlight=False)


@app.command()
def routes(
    service: Annotated[str, typer.Argument(help="The GrpcService's name.")],
    control_plane: ControlPlaneOption = DEFAULT_CONTROL_PLANE,
    json: JsonOption = False,
) -> None:
    """List a service's methods: where calls go, how long they may take, and what is retried.

    Calls that are not idempotent are retried only where the service cannot have seen them.

    Examples: [cyan]judgemesh mesh routes problem[/]
    """
    with asking(control_plane) as (stub, messages):
        request = messages.ListRoutesRequest(service=service)
        answer: pb.ListRoutesResponse = stub.ListRoutes(request, timeout=CALL_SECONDS)
    if json:
        print_json(as_dict(answer))
        return
    console.print(_routes(answer.routes))
    console.print(_endpoints(answer.endpoints), highlight=False)


@app.command()
def explain(
    caller: Annotated[str, typer.Argument(help="The calling GrpcService or MeshGateway.")],
    method: Annotated[str, typer.Argument(help="The method's full name, or its path.")],
    control_plane: ControlPlaneOption = DEFAULT_CONTROL_PLANE,
    json: JsonOption = False,
) -> None:
    """Say where a call would go and why. Ends with 1 if the mesh does not carry it.

    Examples:
      [cyan]judgemesh mesh explain execution judgemesh.problem.v1.ProblemService.GetProblem[/]

      [cyan]judgemesh mesh explain gateway /judgemesh.user.v1.UserService/GetUser[/]

    """
    with asking(control_plane) as (stub, messages):
        request = messages.ExplainCallRequest(caller=caller, method=method)
        answer: pb.CallExplanation = stub.ExplainCall(request, timeout=CALL_SECONDS)
    if json:
        print_json(as_dict(answer))
    else:
        _print_explanation(answer)
    raise typer.Exit(0 if answer.allowed else 1)


@app.command()
def dump(
    proxy: Annotated[str, typer.Argument(help="Its node id, as `judgemesh mesh status` shows it.")],
    only: Annotated[str, typer.Option("--type", help="clusters, endpoints, listeners or routes; all by default.")] = "",
    control_plane: ControlPlaneOption = DEFAULT_CONTROL_PLANE,
) -> None:
    """Print what a proxy was told, as JSON.

    Examples: [cyan]judgemesh mesh dump gateway --type clusters[/]
    """
    with asking(control_plane) as (stub, messages):
        answer: pb.ConfigDump = stub.GetConfigDump(messages.GetConfigDumpRequest(node_id=proxy), timeout=CALL_SECONDS)
    found: dict[str, dict[str, Any]] = {}
    for resource in answer.resources:
        if only in ("", resource.type):
            entry = {"version": resource.version, "resource": json.loads(resource.json)}
            found.setdefault(resource.type, {})[resource.name] = entry
    print_json(found)


@contextlib.contextmanager
def asking(control_plane: str) -> Iterator[tuple[Any, Any]]:
    """A stub of the status API and its messages; what goes wrong inside ends the program and says what to do."""
    # gRPC takes its time to load, which the other commands would pay for.
    import grpc  # noqa: PLC0415

    from judgemesh.mesh.v1 import mesh_service_pb2, mesh_service_pb2_grpc  # noqa: PLC0415

    with grpc.insecure_channel(control_plane, options=(("grpc.enable_http_proxy", 0),)) as channel:
        try:
            # The stub's types are those of grpc.aio alone.
            yield mesh_service_pb2_grpc.MeshServiceStub(cast("Any", channel)), mesh_service_pb2
        except grpc.RpcError as error:
            fail(*_advice(error, escape(control_plane)))


def _advice(error: Any, control_plane: str) -> tuple[str, str]:
    match error.code().name:
        case "UNAVAILABLE":
            hint = "Start the platform with `judgemesh up`, or name the control plane with --control-plane."
            return f"no control plane answers at {control_plane}", hint
        case "UNIMPLEMENTED":
            return f"what answers at {control_plane} is no control plane", "Name its address with --control-plane."
        case "DEADLINE_EXCEEDED":
            return f"the control plane at {control_plane} takes too long", "Look at its log, and try again."
    return escape(error.details() or error.code().name), ""


def as_dict(message: "Message") -> dict[str, Any]:
    """Proto JSON, with the fields that are empty."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    return MessageToDict(message, always_print_fields_with_no_presence=True)


def _table(*headings: str) -> Table:
    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, overflow="fold", min_width=len(heading))
    return table


def _proxies(proxies: "Iterable[pb.ConnectedProxy]") -> Table:
    table = _table("proxy", "is", "clusters", "endpoints", "listeners", "routes", "since", "answers in")
    for proxy in proxies:
        types = {each.type: each for each in proxy.types}
        cells = [_type(types.get(name)) for name in ("clusters", "endpoints", "listeners", "routes")]
        slowest = max((each.push_duration.ToTimedelta() for each in proxy.types), default=timedelta())
        since = datetime.now(UTC) - proxy.connect_time.ToDatetime(UTC)
        answered = f"{slowest.total_seconds() * 1000:.1f} ms"
        what = proxy.kind if proxy.kind == proxy.name else f"{proxy.kind} of {proxy.name}"
        table.add_row(escape(proxy.node_id), escape(what), *cells, _age(since), answered)
    return table


def _type(status: "pb.TypeStatus | None") -> str:
    if status is None:
        return "[dim]-[/]"
    if status.refusals:
        return f"[bold red]{status.resources} ✗[/]"
    return f"[green]{status.resources} ✓[/]" if status.current else f"[yellow]{status.resources} …[/]"


def _age(since: timedelta) -> str:
    seconds = int(since.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"


def _routes(found: "Iterable[pb.MethodRoute]") -> Table:
    table = _table("method", "goes to", "at most", "retried", "HTTP")
    for route in found:
        table.add_row(
            f"[cyan]{route.method.rpartition('.')[2]}[/]",
            _clusters(route),
            _seconds(route.timeout.ToTimedelta()),
            _retries(route),
            escape("\n".join(route.http_paths)),
        )
    return table


def _clusters(route: "pb.MethodRoute") -> str:
    if len(route.clusters) == 1:
        return route.clusters[0].cluster
    return "\n".join(f"{each.weight} % {each.cluster}" for each in route.clusters)


def _retries(route: "pb.MethodRoute") -> str:
    if not route.retries:
        return "[dim]none[/]"
    return f"[green]{route.retries} times[/]" if route.idempotent else "[dim]if unseen[/]"


def _seconds(longest: timedelta) -> str:
    return f"{longest.total_seconds():g} s"


def _endpoints(places: "Iterable[pb.EndpointStatus]") -> str:
    found = [f"[yellow]{each.address} (draining)[/]" if each.draining else each.address for each in places]
    return "endpoints: " + (", ".join(found) or "[bold red]none[/]")


def _print_explanation(answer: "pb.CallExplanation") -> None:
    *reasons, last = answer.reasons
    for reason in reasons:
        console.print(f"[green]✓[/] {escape(reason)}", highlight=False)
    console.print(f"{'[green]✓[/]' if answer.allowed else '[bold red]✗[/]'} {escape(last)}", highlight=False)
    if answer.allowed:
        console.print(f"→ [bold]{_clusters(answer.route)}[/], {_endpoints(answer.endpoints)}", highlight=False)
