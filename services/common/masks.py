"""Field masks of updates (AIP-134)."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from services.common.errors import FieldViolation, InvalidArgument


class FieldMaskInvalid(InvalidArgument):
    """The mask names a field that there is not, or that can't be written."""

    reason = "FIELD_MASK_INVALID"

    def __init__(self, path: str, writable: Collection[str]) -> None:
        message = f"{path!r} can't be changed; what can: {', '.join(sorted(writable))}"
        super().__init__(message, violations=[FieldViolation("update_mask", message, self.reason)], path=path)


def changed_fields(resource: Message, mask: FieldMask, writable: Collection[str]) -> frozenset[str]:
    """Which of the writable fields an update sets: those in the mask, all for ``*``, those that are populated for none.

    Raises FieldMaskInvalid.
    """
    if list(mask.paths) == ["*"]:
        return frozenset(writable)
    if not mask.paths:
        return frozenset(field.name for field, _ in resource.ListFields()).intersection(writable)
    for path in mask.paths:
        if path not in writable:
            raise FieldMaskInvalid(path, writable)
    return frozenset(mask.paths)
