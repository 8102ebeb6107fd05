"""Statements as they are shown: safe whatever their source."""

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from services.problem.errors import PackageInvalid, PackageTooLarge
from services.problem.package import Package

Files = dict[str, str | bytes]
Read = Callable[..., Package]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


class Inspector(HTMLParser):
    """Collects what may be dangerous in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.dangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "svg",
            "link",
            "meta",
            "base",
            "video",
        }:
            self.dangers.append(tag)
        for name, value in attrs:
            target = re.sub(r"[\s\x00-\x1f]", "", value or "").lower()
            if name.startswith("on") or name in {"style", "srcset", "xlink:href", "formaction", "srcdoc"}:
                self.dangers.append(name)
            if name == "src" and not target.startswith("data:image/"):
                self.dangers.append(target)
            if name == "href" and not target.startswith(("http://", "https://", "mailto:", "#")):
                self.dangers.append(target)


def dangers(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.dangers


def markdown(read: Read, current: Files, source: str, **more: str | bytes) -> str:
    return read(current | {"statement/problem.en.md": source} | more).statements[0].html


def latex(read: Read, legacy: Files, source: str) -> str:
    return read(legacy | {"problem_statement/problem.en.tex": source}).statements[0].html


def test_markdown_is_rendered(read: Read, current: Files):
    """CommonMark with tables, formulas and footnotes; samples come at the end, before the footnotes."""
    html = markdown(read, current, "# In\n\n*a* $x^2$[^1]\n\n$$y$$\n\n|a|b|\n|-|-|\n|1|2|\n\n[^1]: note\n")

    assert html.startswith('<h1>In</h1>\n<p><em>a</em> <math display="inline">')
    assert '<math display="block">' in html
    assert "<td>1</td>" in html
    assert html.index('<table class="sample">') < html.index('<section class="footnotes">')


def test_dollars_are_formulas_unless_escaped(read: Read, current: Files):
    """A formula may touch digits, as in 10$^5$; money needs a backslash."""
    formula, money = (markdown(read, current, source) for source in ("10$^5$\n", "\\$5 or \\$6\n"))

    assert ("<math" in formula, "<math" in money) == (True, False)


def test_markdown_places_samples_once(read: Read, current: Files):
    """{{nextsample}} and {{remainingsamples}} stand for the samples, which do not come again at the end."""
    files = {"data/sample/2.in": "second", "data/sample/2.ans": "2"}
    html = markdown(read, current, "a\n{{nextsample}}\nb\n\n{{remainingsamples}}\n\nc\n", **files)

    assert [html.count(text) for text in ("Sample Input 1", "Sample Input 2", "{{")] == [1, 1, 0]
    assert html.index("Sample Input 1") < html.index("<p>b</p>") < html.index("second") < html.index("<p>c</p>")


def test_constants_are_filled_in(read: Read, current: Files):
    """{{name}} stands for a constant of problem.yaml; other names stay."""
    yaml = current["problem.yaml"]
    html = markdown(read, current, "{{n}} {{m}}", **{"problem.yaml": f"{yaml}constants: {{n: 17}}\n"})

    assert "<p>17 {{m}}</p>" in html


def test_an_image_becomes_part_of_the_page(read: Read, current: Files):
    """A PNG beside the statement is a data: URI, in Markdown and in raw HTML."""
    html = markdown(read, current, '![x](a.png)\n\n<img src="a.png">', **{"statement/a.png": PNG})

    assert html.count(f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"') == 2


@pytest.mark.parametrize(
    "source",
    ["https://a.example/x.png", "//a.example/x.png", "../data/secret/1.in", "/etc/passwd", "data:text/html,x", "b.png",
     "fake.png", "huge.png", "https:a.png"],
)  # fmt: skip
def test_other_images_are_left_out_with_a_warning(read: Read, current: Files, source: str):
    """Nothing is loaded from elsewhere, nothing outside of the statement's folder is shown, nothing is too large."""
    files = {"statement/fake.png": "<svg onload=alert(1)>", "statement/huge.png": PNG + bytes(600 * 1024)}
    package = read(current | files | {"statement/problem.en.md": f"![x]({source})"})

    assert "src=" not in package.statements[0].html
    assert source.startswith("data:") or any("left out" in warning for warning in package.warnings)


HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//a.example></sCrIpT>",
    '<a href="#" onclick="alert(1)">x</a>',
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    '<a href=" jAvAsCrIpT&colon;alert(1)">x</a>',
    "<svg><script>alert(1)</script></svg>",
    '<iframe src="javascript:alert(1)"></iframe>',
    '<img src="x" onerror="alert(1)">',
    '<math><mtext><script>alert(1)</script></mtext><mi href="javascript:alert(1)">x</mi></math>',
    '<div style="background:url(javascript:alert(1))">x</div>',
    '<form action="x"><input autofocus onfocus=alert(1)><button formaction="javascript:alert(1)">x</button></form>',
    '<base href="https://a.example/"><link rel="stylesheet" href="x"><meta http-equiv="refresh" content="0">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    r"$\href{javascript:alert(1)}{x}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$</math><script>alert(1)</script>$",
    r"$\style{x:expression(alert(1))}{y}$",
    "```\n<script>alert(1)</script>\n```",
    "[^<script>]: x",
    '![x"onerror="alert(1)](a.png)',
]


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_markdown_is_harmless(read: Read, current: Files, source: str):
    """Nothing runs and nothing is loaded, in Markdown, in raw HTML and in formulas."""
    assert dangers(markdown(read, current, source)) == []


@pytest.mark.parametrize(
    "source",
    [
        *HOSTILE,
        r"\href{javascript:alert(1)}{x}",
        r"\url{javascript:alert(1)}",
        r'\href{https://a.example/" onclick="alert(1)}{x}',
        r'\includegraphics{x" onerror="alert(1)}',
        r"\includegraphics{../data/secret/a.in}",
        r'\label{x" onclick="alert(1)}',
        r"\begin{verbatim}<script>alert(1)</script>\end{verbatim}",
        r"\verb|<script>alert(1)</script>|",
        r"\newcommand{\x}{<script>}\x alert(1)</script>",
        r"\foo{<script>alert(1)</script>}",
        r"\begin{script}alert(1)\end{script}",
    ],
)
def test_hostile_latex_is_harmless(read: Read, legacy: Files, source: str):
    """Nothing runs and nothing is loaded, whatever command it stands in."""
    assert dangers(latex(read, legacy, source.replace("#", ""))) == []


def test_samples_are_escaped(read: Read, current: Files):
    """A sample's tags are shown as text."""
    html = markdown(read, current, "x", **{"data/sample/1.in": "<script>alert(1)</script>\n"})

    assert dangers(html) == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_a_statement_cannot_take_the_pages_names(read: Read, current: Files):
    """Only footnotes and labels have ids; classes are the renderer's own."""
    html = markdown(read, current, '<span id="login">a</span> <div class="admin sample">b</div>')

    assert "login" not in html
    assert "admin" not in html


def test_a_statement_is_bounded(read: Read, current: Files):
    """Neither the source nor what becomes of it may be too large."""
    with pytest.raises(PackageTooLarge):
        markdown(read, current, "x" * 200_000)
    with pytest.raises(PackageInvalid):
        markdown(read, current, "$x$ " * 30_000)


@pytest.mark.parametrize(
    "source",
    [">" * 100_000, "[" * 100_000, "<div>" * 20_000, "*a " * 30_000, "![](" * 25_000, "$x " * 30_000, "<!--" * 25_000],
)
def test_pathological_markdown_is_rendered_or_refused(read: Read, current: Files, source: str):
    """Nesting without end ends, with HTML or with an error of the package."""
    try:
        html = markdown(read, current, source)
    except PackageInvalid:
        return

    assert dangers(html) == []


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("\\problemname{Hej Världen!}", "Hej Världen!"),
        ("% \\problemname{no}\n%% plainproblemname: x^2\n\\problemname{$x^2$}", "x^2"),
        ("\\problemname{\\emph{A} \\& ``B''}", "A & “B”"),
        ("Text.", "Sum of Two"),
    ],
)
def test_titles_of_latex_statements(read: Read, legacy: Files, source: str, title: str):
    """A legacy statement brings its own title, as plain text; else it is problem.yaml's."""
    assert read(legacy | {"problem_statement/problem.en.tex": source}).title == title


def test_the_language_is_english_unless_the_file_says_otherwise(read: Read, legacy: Files):
    """problem.tex at the root of a package is English, and German is German."""
    del legacy["problem_statement/problem.en.tex"]
    package = read(legacy | {"problem.tex": "a", "problem_statement/problem.de.tex": "b"})

    assert [statement.language for statement in package.statements] == ["en", "de"]


def test_a_pdf_is_no_statement_but_no_error(read: Read, legacy: Files):
    """A package of which only a PDF explains the problem is imported, with a warning."""
    del legacy["problem_statement/problem.en.tex"]
    package = read(legacy | {"problem_statement/problem.en.pdf": b"%PDF"})

    assert package.statements == ()
    assert any(warning.startswith("problem_statement/problem.en.pdf") for warning in package.warnings)


def test_a_package_without_a_statement_is_an_error(read: Read, legacy: Files):
    """The violation says which file to add."""
    del legacy["problem_statement/problem.en.tex"]

    with pytest.raises(PackageInvalid, match=re.escape("problem.en.md")):
        read(legacy)
