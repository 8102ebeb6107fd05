"""Field masks of updates."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from judgemesh.user.v1.user_pb2 import User
from services.common.masks import FieldMaskInvalid, changed_fields

WRITABLE = {"display_name", "email"}


@pytest.mark.parametrize(
    ("paths", "changed"),
    [([], {"email"}), (["display_name"], {"display_name"}), (["*"], WRITABLE)],
    ids=["none", "named", "all"],
)
def test_a_mask_says_what_changes(paths: list[str], changed: set[str]) -> None:
    """Named fields, all of them, or those that are populated (AIP-134)."""
    user = User(email="a@example.org", uid="an output-only field is ignored")

    assert changed == changed_fields(user, FieldMask(paths=paths), WRITABLE)


@pytest.mark.parametrize("path", ["uid", "nonsense", "email.x"])
def test_a_mask_that_names_what_cannot_be_written_is_refused(path: str) -> None:
    """Silence would look like success."""
    with pytest.raises(FieldMaskInvalid):
        changed_fields(User(), FieldMask(paths=[path]), WRITABLE)
