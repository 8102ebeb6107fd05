"""What every resource of `judgemesh.dev/v1alpha1` has: strict fields, metadata, and a status it does not own."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

GROUP = "judgemesh.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""A DNS label, as Kubernetes names things."""

Port = Annotated[int, Field(ge=1, le=65535)]

ProtoName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$")]
"""The full name of a proto service or method, without a leading dot or slash."""


class Model(BaseModel):
    """A frozen part of a resource; a field that it doesn't know is an error, for it would be ignored silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Metadata(BaseModel):
    """The part of Kubernetes' object metadata that the mesh reads; what else the API server adds is let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    name: Name
    namespace: str = "default"
    generation: int = 0
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Resource(Model):
    """An object with the four parts that Kubernetes gives one; `status` is written by the reconciler alone."""

    api_version: Literal["judgemesh.dev/v1alpha1"] = "judgemesh.dev/v1alpha1"
    metadata: Metadata
    status: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        return self.metadata.name
