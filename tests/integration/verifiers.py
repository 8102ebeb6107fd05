"""Access tokens where the user service is not there."""

from services.common.caller import Caller


class TrustingVerifier:
    """Takes a token for the name and roles that it spells: ``alice`` or ``dora+director``."""

    async def verify(self, token: str) -> Caller:
        name, *roles = token.split("+")
        return Caller(name, f"uid-{name}", frozenset({"contestant", *roles}), token)
