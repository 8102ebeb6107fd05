"""What is wrong with a package, for the person who made it."""

from services.common.errors import FieldViolation
from services.problem.errors import PackageInvalid

MAX_FINDINGS = 100
"""More would not be read; and an answer has a size."""


class Findings:
    """Collects all that is wrong or odd in a package, so that its author sees everything at once."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []
        self._warnings: list[str] = []

    def error(self, file: str, description: str) -> None:
        """Record what is wrong with ``file``, and what to change."""
        if len(self._violations) < MAX_FINDINGS:
            self._violations.append(FieldViolation(file, description))

    def warn(self, file: str, description: str) -> None:
        """Record what is odd about ``file``, yet no error."""
        warning = f"{file}: {description}"
        if len(self._warnings) < MAX_FINDINGS and warning not in self._warnings:
            self._warnings.append(warning)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def raise_errors(self) -> None:
        """Raise PackageInvalid with everything found so far, if there is anything."""
        if self._violations:
            first = self._violations[0]
            more = len(self._violations) - 1
            rest = f" (and {more} more)" if more else ""
            raise PackageInvalid(
                f"the package is wrong: {first.field}: {first.description}{rest}", violations=self._violations
            )
