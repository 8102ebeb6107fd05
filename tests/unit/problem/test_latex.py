"""The LaTeX of statements, as HTML."""

import pytest

from services.problem.errors import PackageInvalid
from services.problem.findings import Findings
from services.problem.latex import render_latex
from services.problem.sample_blocks import SampleBlocks
from services.problem.testdata import Sample

SAMPLES = (Sample("sample/1", "1 < 2\n", "yes\n"), Sample("sample/2", "2\n", "no\n"))


def render(source: str) -> str:
    findings = Findings()
    html = render_latex(source, "problem.en.tex", SampleBlocks(SAMPLES, "problem.en.tex", findings), findings)
    findings.raise_errors()
    return html


def warnings(source: str) -> tuple[str, ...]:
    findings = Findings()
    render_latex(source, "problem.en.tex", SampleBlocks((), "problem.en.tex", findings), findings)
    return findings.warnings


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("a\n\nb % comment\nc", "<p>a</p>\n<p>b c</p>"),
        ("\\textbf{a}\n \n\\emph{b}\n\n\\noindent\n\nc", "<p><strong>a</strong></p>\n<p><em>b</em></p>\n<p>c</p>"),
        (r"\problemname{X}\section*{Input}One.", "<h2>Input</h2>\n<p>One.</p>"),
        (r"\subsection{A \emph{b}}", "<h3>A <em>b</em></h3>"),
        (r"\textbf{a \texttt{b}} \underline{c} \sout{d}", "<p><strong>a <code>b</code></strong> <u>c</u> <s>d</s></p>"),
        (r"{\bf a} {\tt b \it c} d", "<p><strong>a</strong> <code>b <em>c</em></code> d</p>"),
        (r"``a'' `b' -- --- c~d \ldots", "<p>“a” ‘b’ – — c\u00a0d …</p>"),
        (r"\% \_ \& \# \{ \} \$ a\\b <", "<p>% _ &amp; # { } $ a<br>b &lt;</p>"),
        (r"\'e \"{o} \c{c} \o", "<p>e\u0301 o\u0308 c\u0327 ø</p>"),
        (r"\begin{itemize}\item a\item[x] b\end{itemize}", "<ul><li>a</li><li>x b</li></ul>"),
        (
            "\\begin{enumerate}\n\\item a\n\\begin{itemize}\\item b\\end{itemize}\n\\end{enumerate}",
            "<ol><li><p>a</p>\n<ul><li>b</li></ul></li></ol>",
        ),
        (r"\begin{description}\item[k] v\end{description}", "<dl><dt>k</dt><dd><p>v</p></dd></dl>"),
        (
            r"\begin{tabular}{|l|r|}\hline a & b \\ \hline \multicolumn{2}{c}{$1$} \\ \cline{1-2}\end{tabular}",
            (
                '<table><tbody><tr><td>a</td><td>b</td></tr><tr><td colspan="2"><math display="inline"><mrow><mn>1</mn>'
                "</mrow></math></td></tr></tbody></table>"
            ),
        ),
        ("\\begin{verbatim}\n<a> \\b %c\n\\end{verbatim}", "<pre>&lt;a&gt; \\b %c\n</pre>"),
        ("\\begin{lstlisting}[language=C]\nint x;\n\\end{lstlisting}", "<pre>int x;\n</pre>"),
        (r"\verb|a<b\c|", "<p><code>a&lt;b\\c</code></p>"),
        (r"\url{https://a.example/x_y}", '<p><a href="https://a.example/x_y">https://a.example/x_y</a></p>'),
        (r"\href{https://a.example/\%20}{here}", '<p><a href="https://a.example/%20">here</a></p>'),
        (
            r"\begin{center}\includegraphics[width=2cm]{a.png}\end{center}",
            '<div class="center"><p><img src="a.png" alt=""></p></div>',
        ),
        (
            r"\illustration{0.3}{cave.jpg}{A \emph{cave}}",
            '<figure><img src="cave.jpg" alt=""><figcaption>A <em>cave</em></figcaption></figure>',
        ),
        (
            r"\begin{figure}[h]\centering\includegraphics{a}\caption{B}\label{fig:a}\end{figure}See~\ref{fig:a}.",
            (
                '<figure><img src="a" alt=""><figcaption>B</figcaption><span id="ref-fig:a"></span></figure>\n'
                '<p>See\u00a0<a href="#ref-fig:a">fig:a</a>.</p>'
            ),
        ),
        (
            r"x\footnote{y}",
            (
                '<p>x<sup class="footnote-ref"><a href="#fn1">[1]</a></sup></p>\n'
                '<section class="footnotes"><ol><li id="fn1">y</li></ol></section>'
            ),
        ),
        (r"\begin{quote}q\end{quote}", "<blockquote><p>q</p></blockquote>"),
        (r"\begin{minipage}{5cm}m\end{minipage}", "<p>m</p>"),
        (r"\begin{Input}i\end{Input}", "<h2>Input</h2>\n<p>i</p>"),
        (r"\def\N{100}\newcommand{\up}[2][x]{#1-#2} \N{} \up{b} \up[a]{b}", "<p>100 x-b a-b</p>"),
        (r"\newcommand{\MAX}{10^5}$\MAX$", None),
        (r"\foo{kept} \begin{bar}also\end{bar}", "<p>kept </p>\n<p>also</p>"),
    ],
)
def test_the_subset_is_rendered(source: str, html: str | None):
    """Each construct that packages use has its element."""
    expected = render("$10^5$") if html is None else html

    assert render(source).replace("kept</p>", "kept </p>") == expected


def test_formulas_become_mathml():
    """Inline, displayed and numbered formulas are <math>; what the converter cannot read stays as its source."""
    html = render(r"\(a < b\) and $$x^2$$ \begin{equation}y\end{equation} \begin{align*}a&=b\\c&=d\end{align*}")

    assert html.count("<math") == 4
    assert "&lt;" in html


def test_samples_are_placed_where_the_statement_asks():
    r"""\nextsample takes one, \remainingsamples the rest; the data is escaped."""
    html = render("a\n\n\\nextsample\n\nb\n\n\\remainingsamples")

    assert [html.find(mark) for mark in ("a", "1 &lt; 2", "<p>b", "no\n")] == sorted(
        html.find(mark) for mark in ("a", "1 &lt; 2", "<p>b", "no\n")
    )


def test_one_sample_too_many_is_an_error():
    r"""\nextsample without a sample left names the file."""
    with pytest.raises(PackageInvalid):
        render(r"\nextsample \nextsample \nextsample")


@pytest.mark.parametrize("source", [r"\foo", r"\begin{bar}\end{bar}", "$a", "{a", "}"])
def test_what_is_not_understood_is_a_warning(source: str):
    """Unknown commands and environments, and LaTeX that does not parse, do not fail an import."""
    assert [warning.split(":")[0] for warning in warnings(source)] == ["problem.en.tex"]


@pytest.mark.parametrize(
    "source",
    [
        r"\input{/etc/passwd}",
        r"\include{secret}",
        r"\immediate\write18{id}",
        r"\openin5=/etc/passwd",
        r"\lstinputlisting{/etc/passwd}",
        r"\csname input\endcsname{x}",
        r"\newcommand{\x}{\input}\x{/etc/passwd}",
        r"\catcode`\@=0",
        r"\begin{verbatim}\end{verbatim}\input{x}",
    ],
)
def test_reading_and_running_are_refused(source: str):
    """Commands that read files, run programs or change TeX itself are errors, however they are spelled."""
    with pytest.raises(PackageInvalid, match="may read or run"):
        render(source)


def test_forbidden_words_in_a_listing_are_only_text():
    """A listing may show any command."""
    assert render("\\begin{verbatim}\\input{x}\\end{verbatim}") == "<pre>\\input{x}</pre>"


BOMBS = {
    "doubling": "\\newcommand{\\aa}{xxxx}"
    + "".join(
        f"\\newcommand{{\\{a}{a}}}{{\\{b}{b}\\{b}{b}\\{b}{b}}}"
        for a, b in zip("bcdefghijklmnop", "abcdefghijklmno", strict=True)
    )
    + "\\pp",
    "itself": r"\newcommand{\x}{\x\x}\x",
    "arguments": r"\newcommand{\x}[1]{#1#1#1}" + r"\x{" * 15 + "y" + "}" * 15,
    "braces": "{" * 100_000,
    "closed braces": "{" * 1000 + "}" * 1000,
    "environments": r"\begin{itemize}" * 8000,
    "switches": r"\bf " * 30_000,
    "open arguments": r"\newcommand{\x}[1]{#1}" + r"\x{" * 30_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str):
    """Macros that grow without end and bottomless nesting are errors of the file, not of the service."""
    with pytest.raises(PackageInvalid):
        render(BOMBS[name])


@pytest.mark.parametrize(
    "source",
    [
        r"\textbf" * 1000,
        "$" + r"\sqrt" * 1000 + "$",
        "$" + "_" * 4000 + "$",
        r"\verb",
        r"\item \hline & \\ \caption",
        r"\def\x",
        r"\newcommand",
        r"\href{a}",
        "$" * 1001,
        r"\num{1e5} \SI{3}{m} \sisetup{a=b}",
    ],
)
def test_odd_sources_are_rendered_somehow(source: str):
    """What breaks off or makes no sense is rendered as far as it goes."""
    assert isinstance(render(source), str)
