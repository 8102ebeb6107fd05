"""Packages made on the spot."""

import io
import zipfile

Files = dict[str, str | bytes]

SUM: Files = {
    "problem.yaml": (
        "name: Sum of Two\nlicense: cc0\nauthor: Ada\nsource: Winter Cup\nkeywords: [math, warm-up]\n"
        "limits:\n  time_limit: 1.5\n  memory: 256\n"
    ),
    "problem_statement/problem.en.tex": "\\problemname{Sum of Two}\nAdd $a$ and $b$.\n",
    "problem_statement/problem.sv.tex": "\\problemname{Summan av två}\nAddera.\n",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/a.in": "7 8\n",
    "data/secret/a.ans": "15\n",
    "submissions/accepted/sum.py": "print(sum(map(int, input().split())))\n",
}


def package(folder: str = "sum", **changed: str | bytes | None) -> bytes:
    """The sum problem as a zip; keyword arguments by file name replace its files, None leaves one out."""
    files = {name: content for name, content in {**SUM, **changed}.items() if content is not None}
    return zipped({f"{folder}/{name}": content for name, content in files.items()})


def titled(title: str, folder: str, *, keywords: str = "[]", source: str = "") -> bytes:
    """The sum problem under another title."""
    yaml = f"name: {title}\nkeywords: {keywords}\nsource: {source}\nlimits:\n  time_limit: 1\n"
    statements = {"problem_statement/problem.en.tex": "Add.\n", "problem_statement/problem.sv.tex": None}
    return package(folder, **{"problem.yaml": yaml, **statements})


def zipped(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
