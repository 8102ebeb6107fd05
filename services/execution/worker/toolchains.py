"""Which languages this worker can judge: those whose version command works inside the sandbox."""

from collections.abc import Iterable

from services.execution.languages.language import Language
from services.execution.worker.sandbox.run import RunLimits, RunRequest, SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox

_LIMITS = RunLimits(cpu_seconds=10, wall_seconds=30, memory_bytes=1 << 30, output_bytes=1 << 16)


async def versions(languages: Iterable[Language], sandbox: Sandbox) -> list[tuple[Language, str]]:
    """The installed languages with their versions."""
    found = [(language, await _version(language, sandbox)) for language in languages if language.installed]
    return [(language, version) for language, version in found if version]


async def _version(language: Language, sandbox: Sandbox) -> str:
    try:
        report = await sandbox.run(RunRequest(argv=language.version_command(), limits=_LIMITS))
    except SandboxError:
        return ""
    lines = (report.output + report.error_output).decode(errors="replace").splitlines()
    return lines[0].strip() if report.succeeded and lines else ""
