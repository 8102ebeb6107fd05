"""What is wrong with each resource, as far as it can be known without a proxy. Pure."""

from collections.abc import Collection, Mapping

from judgemesh_operator.api.resources import Problem, Resources
from judgemesh_operator.pools import observed as pools
from judgemesh_operator.xds.checks import find_problems
from judgemesh_operator.xds.descriptor import Descriptors

Findings = Mapping[str, tuple[Problem, ...]]
"""By resource, as `GrpcService/user`."""


def find(resources: Resources, descriptors: Descriptors, languages: Collection[str]) -> Findings:
    """What cannot be read, leads nowhere, or is claimed twice."""
    found = [*resources.problems, *find_problems(resources, descriptors)]
    for pool in resources.pools.values():
        found += pools.find_problems(pool, languages)
    by_resource: dict[str, dict[Problem, None]] = {}
    for problem in found:
        by_resource.setdefault(problem.where, {})[problem] = None
    return {where: tuple(problems) for where, problems in by_resource.items()}
