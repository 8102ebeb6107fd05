"""Where a program starts, found in its sources."""

import re

# Text blocks, strings, character literals and comments: what looks like code in them is none.
_JAVA_NOT_CODE = re.compile(
    r'"""(?:\\.|.)*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL
)
_JAVA_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_JAVA_TYPE = re.compile(
    r"\b(public\s+)?(?:(?:abstract|final|static|strictfp|sealed)\s+)*(?:class|enum|record|interface)\s+(\w+)"
)
_PYTHON_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(\w+)", re.MULTILINE)
_JAVA_MAIN = re.compile(r"\bstatic\b[\w\s]*\bvoid\s+main\s*\(")


def _java_code(source: bytes) -> str:
    return _JAVA_NOT_CODE.sub(" ", source.decode("utf-8", "replace"))


def java_public_type(source: bytes) -> str:
    """The public top-level type, after which the file must be named; empty if there is none."""
    code = _java_code(source)
    found = next((match for match in _JAVA_TYPE.finditer(code) if match[1] and _depth(code, match.start()) == 0), None)
    return found[2] if found else ""


def java_main_class(sources: dict[str, bytes]) -> str:
    """The full name of the top-level type with `main`, in the first file by name that has one; else "Main"."""
    for source in sources.values():
        code = _java_code(source)
        if (main := _JAVA_MAIN.search(code)) is None:
            continue
        tops = [match[2] for match in _JAVA_TYPE.finditer(code, 0, main.start()) if _depth(code, match.start()) == 0]
        if tops:
            package = _JAVA_PACKAGE.search(code)
            return f"{package[1]}.{tops[-1]}" if package else tops[-1]
    return "Main"


def _depth(code: str, position: int) -> int:
    return code.count("{", 0, position) - code.count("}", 0, position)


def python_main_file(sources: dict[str, bytes]) -> str:
    """The file that is run: `__main__.py` or `main.py`, else the first by name that no other one imports."""
    for name in ("__main__.py", "main.py"):
        if name in sources:
            return name
    imported = {match[1].decode() for source in sources.values() for match in _PYTHON_IMPORT.finditer(source)}
    roots = [name for name in sources if name.rpartition(".")[0] not in imported]
    return next(iter(roots or sources), "main.py")
