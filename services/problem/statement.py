"""The statements of a package: found, titled, rendered and made safe."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from services.problem.archive import PackageArchive
from services.problem.findings import Findings
from services.problem.images import Images
from services.problem.latex import render_latex
from services.problem.markdown import render_markdown
from services.problem.metadata import Metadata
from services.problem.sample_blocks import SampleBlocks
from services.problem.sanitizer import clean
from services.problem.testdata import Sample

MAX_SOURCE_BYTES = 128 * 1024
MAX_HTML_CHARACTERS = 512 * 1024
"""Of a statement without its images. Formulas grow by some ten times on the way to MathML."""
MAX_ALL_CHARACTERS = 1536 * 1024
"""Of all statements without their images, so that a problem fits into one message."""
MAX_LANGUAGES = 20
FILE = re.compile(r"(?:(problem_statement|statement)/)?problem(?:\.([A-Za-z]{2,3}(?:-[A-Za-z]{2})?))?\.(tex|md|pdf)")
FOOTNOTES = '<section class="footnotes">'


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in one language: HTML that is safe to show, samples included, and what it was written in."""

    language: str
    title: str
    html: str
    format: str
    """``markdown`` or ``latex``."""


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    folder: str
    language: str
    suffix: str


def read_statements(
    archive: PackageArchive, metadata: Metadata, samples: Sequence[Sample], findings: Findings
) -> tuple[Statement, ...]:
    """All statements, English first, then by language."""
    sources = _sources(archive, findings)
    images = Images(archive, findings)
    statements: list[Statement] = []
    for source in sources.values():
        text = archive.read_text(source.name, MAX_SOURCE_BYTES)
        blocks = SampleBlocks(samples, source.name, findings)
        statements.append(_statement(source, text, metadata, blocks, images))
    if sum(len(re.sub(r'"data:[^"]*"', "", statement.html)) for statement in statements) > MAX_ALL_CHARACTERS:
        findings.error(f"{next(iter(sources.values())).folder}/", "its statements together are too long; remove some")
    if metadata.format == "2025-09":
        _note_missing_names(metadata, sources, findings)
    return tuple(sorted(statements, key=lambda statement: (statement.language != "en", statement.language)))


def _sources(archive: PackageArchive, findings: Findings) -> dict[str, _Source]:
    """One source a language; a PDF is no source, since it cannot be shown as HTML."""
    sources: dict[str, _Source] = {}
    for name in archive.names:
        if not (match := FILE.fullmatch(name)):
            continue
        language = match[2] or "en"
        if match[3] == "pdf":
            findings.warn(name, "is not shown: only statements in Markdown and LaTeX are")
        elif len(sources) == MAX_LANGUAGES:
            findings.error(name, f"is one statement too many; {MAX_LANGUAGES} languages are allowed")
            return sources
        elif language in sources:
            findings.warn(name, f"is not shown: {sources[language].name} is the statement in this language")
        else:
            sources[language] = _Source(name, match[1] or "", language, match[3])
    if not sources and not any(name.endswith(".pdf") and FILE.fullmatch(name) for name in archive.names):
        findings.error("statement/", "has no statement; add problem.en.md or problem.en.tex")
    return sources


def _note_missing_names(metadata: Metadata, sources: Mapping[str, _Source], findings: Findings) -> None:
    for language in sorted(sources.keys() - metadata.titles.keys()):
        findings.warn("problem.yaml: name", f"has no name in the statement's language {language}; add it")


def _statement(source: _Source, text: str, metadata: Metadata, blocks: SampleBlocks, images: Images) -> Statement:
    findings = blocks.findings
    if source.suffix == "md":
        html = render_markdown(text, blocks, metadata.constants)
    else:
        text = re.sub(r"\\constant\{(\w+)\}", lambda match: metadata.constants.get(match[1], match[0]), text)
        html = render_latex(text, source.name, blocks, findings)
    html = _with_rest(html, blocks.remaining())
    if len(html) > MAX_HTML_CHARACTERS:
        findings.error(source.name, f"makes more than {MAX_HTML_CHARACTERS} characters of HTML; make it shorter")
        html = ""
    return Statement(
        language=source.language,
        title=_title(text, source, metadata),
        html=clean(html, lambda image: images.data_uri(source.folder, image) if source.folder else None),
        format="markdown" if source.suffix == "md" else "latex",
    )


def _with_rest(html: str, rest: str) -> str:
    """Samples that the statement has not placed come at its end, before the footnotes."""
    if not rest:
        return html
    text, mark, notes = html.rpartition(FOOTNOTES)
    return f"{text}{rest}\n{mark}{notes}" if mark else f"{notes}\n{rest}"


def _title(text: str, source: _Source, metadata: Metadata) -> str:
    """problem.yaml's in this language, else the statement's own, else problem.yaml's in any."""
    if title := metadata.titles.get(source.language):
        return title
    if source.suffix == "tex" and (title := _title_in_latex(text)):
        return title
    fallback = metadata.titles.get("") or metadata.titles.get("en")
    return fallback or next(iter(metadata.titles.values()), "")


def _title_in_latex(text: str) -> str:
    r"""`%% plainproblemname: …`, else the argument of \problemname as plain text."""
    if match := re.search(r"^\s*%+\s*plainproblemname:\s*(.+)$", text, re.MULTILINE):
        return match[1].strip()[:200]
    if not (match := re.search(r"^(?:[^%\n]|\\%)*?\\problemname\{((?:[^{}]|\{[^{}]*\}){1,400})\}", text, re.MULTILINE)):
        return ""
    quoted = match[1].replace("``", "“").replace("''", "”").replace("~", " ")
    plain = re.sub(r"\\[A-Za-z]+\s*|\\(?=[%&#_$])|[{}$]", "", quoted)
    return unescape(" ".join(plain.split()))[:200]
