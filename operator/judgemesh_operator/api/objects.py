"""What every resource of `judgemesh.dev/v1alpha1` has: strict fields, metadata, and a status it does not own."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from judgemesh_operator.api.rules import Rule, broken

GROUP = "judgemesh.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", max_length=63)]
"""A DNS label, as Kubernetes names things."""

Port = Annotated[int, Field(ge=1, le=65535)]

ProtoName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$", max_length=255)]
"""The full name of a proto service or method, without a leading dot or slash."""

HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=100)]
"""A header in lower case, as HTTP/2 writes it."""

Positive = Annotated[int, Field(ge=1, le=1_000_000)]

Percent = Annotated[int, Field(ge=0, le=100)]


class Model(BaseModel):
    """A frozen part of a resource; a field that it doesn't know is an error, for it would be ignored silently."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        use_attribute_docstrings=True,  # They are what `kubectl explain` shows.
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _keeps_rules(self) -> Self:
        if messages := broken(self.rules, self):
            raise ValueError("; ".join(messages))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        if cls.rules:
            handler.resolve_ref_schema(described)["x-kubernetes-validations"] = [rule.as_schema() for rule in cls.rules]
        return described


class Metadata(BaseModel):
    """The part of Kubernetes' object metadata that the mesh reads; what else the API server adds is let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    name: Name
    namespace: str = "default"
    generation: int = 0
    uid: str = ""
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
