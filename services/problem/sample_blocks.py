"""Samples within a statement: where it asks for them, the rest at its end."""

from collections.abc import Sequence
from html import escape

from services.problem.findings import Findings
from services.problem.testdata import Sample

MAX_SHOWN = 4096
"""Characters of a sample within a statement; the samples themselves are had whole from the API."""


class SampleBlocks:
    """Hands out the samples' HTML in order, each once."""

    def __init__(self, samples: Sequence[Sample], file: str, findings: Findings) -> None:
        self._samples = list(enumerate(samples, 1))
        self._file = file
        self.findings = findings

    def next(self) -> str:
        """The next one; an error where none is left (2025-09)."""
        if not self._samples:
            self.findings.error(self._file, "asks for another sample (nextsample) than there are; remove it")
            return ""
        return _block(*self._samples.pop(0))

    def remaining(self) -> str:
        """All that were not shown yet."""
        blocks = [_block(number, sample) for number, sample in self._samples]
        self._samples.clear()
        return "\n".join(blocks)


def _block(number: int, sample: Sample) -> str:
    if sample.interaction:
        return (
            f'<table class="sample"><thead><tr><th>Sample Interaction {number}</th></tr></thead>'
            f'<tbody><tr><td><pre class="sample-interaction">{_cut(sample.interaction)}</pre></td></tr></tbody></table>'
        )
    return (
        f'<table class="sample"><thead><tr><th>Sample Input {number}</th><th>Sample Output {number}</th></tr></thead>'
        f'<tbody><tr><td><pre class="sample-input">{_cut(sample.input)}</pre></td>'
        f'<td><pre class="sample-answer">{_cut(sample.answer)}</pre></td></tr></tbody></table>'
    )


def _cut(text: str) -> str:
    return escape(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…", quote=False)
