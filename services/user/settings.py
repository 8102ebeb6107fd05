"""Settings of the user service."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.common.settings import Settings


class UserSettings(Settings):
    # A rejected secret must not show up in the error.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    user_registration: Literal["open", "closed"] = Field(
        default="open", description="Whether everybody may register, or only admins create users."
    )
    bootstrap_admin_password: SecretStr | None = Field(
        default=None,
        min_length=8,
        description="If set, the start creates the user `admin` with this password and the role admin, where absent. "
        "It never changes an `admin` that exists.",
    )
    user_key_secret: SecretStr = Field(
        min_length=32,
        description="Seals the signing keys in the database and derives refresh tokens: random text, the same for all "
        "replicas. With another one, new keys are made and tokens of the old ones stay valid for their minutes.",
    )
    user_key_days: float = Field(
        default=30.0,
        gt=0,
        description="How long a key signs access tokens. 30 days: rotation that is often enough to be known to work.",
    )
    user_access_minutes: float = Field(
        default=15.0,
        gt=0,
        le=15,
        description="How long an access token works. It can't be revoked, so minutes; 15 at most.",
    )
    user_session_days: float = Field(
        default=30.0, gt=0, description="A session ends when it was not refreshed for so long. 30 days."
    )
    user_password_threads: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Passwords checked at once: each takes a core for about 20 ms and 19 MiB. 2: a laptop's cores.",
    )

    @property
    def key_period(self) -> timedelta:
        return timedelta(days=self.user_key_days)

    @property
    def access_lifetime(self) -> timedelta:
        return timedelta(minutes=self.user_access_minutes)

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.user_session_days)
