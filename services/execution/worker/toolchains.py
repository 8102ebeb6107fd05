"""Which languages this worker can judge: those whose version command works inside the sandbox."""

import logging
from collections.abc import Iterable

from services.execution.languages.language import TOOLCHAIN_PATH, Language
from services.execution.worker.sandbox.run import RunLimits, RunRequest, SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

_LIMITS = RunLimits(cpu_seconds=10, wall_seconds=30, memory_bytes=1 << 30, output_bytes=1 << 16)


class LanguageMissing(Exception):
    """There is nothing that this worker could judge."""


async def versions(languages: Iterable[Language], sandbox: Sandbox) -> list[tuple[Language, str]]:
    """The installed languages with their versions. Raises LanguageMissing if there is none."""
    found, refused = [], []
    for language in languages:
        if language.missing:
            refused.append(f"{language.id}: {' and '.join(language.missing)} not found in {TOOLCHAIN_PATH}")
        elif version := await _version(language, sandbox):
            found.append((language, version))
        else:
            refused.append(f"{language.id}: {language.version[0]} does not answer within the sandbox")
    for reason in refused:
        log.warning("the language is off: %s", reason)
    if not found:
        raise LanguageMissing(f"no language can be judged here ({'; '.join(refused)}); `judgemesh doctor` says more")
    return found


async def _version(language: Language, sandbox: Sandbox) -> str:
    try:
        report = await sandbox.run(RunRequest(argv=language.version_command(), limits=_LIMITS))
    except SandboxError:
        return ""
    lines = (report.output + report.error_output).decode(errors="replace").splitlines()
    return lines[0].strip() if report.succeeded and lines else ""
