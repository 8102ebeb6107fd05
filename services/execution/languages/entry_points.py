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
_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)", re.MULTILINE)
_KOTLIN_MAIN = re.compile(r"\bfun\s+main\s*\(")
_KOTLIN_FILE_CLASS = re.compile(r"@file\s*:\s*JvmName\s*\(\s*\"(\w+)\"\s*\)")
_OBJECT = re.compile(r"\bobject\s+(\w+)")
_SCALA_MAIN = re.compile(r"\bdef\s+main\s*\(|\b(?:extends|with)\s+App\b")


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


def main_file(sources: dict[str, bytes]) -> str:
    """The file that is run: the one called main, else the first by name."""
    named = [name for name in sources if name.rpartition("/")[2].partition(".")[0].lower() == "main"]
    return next(iter(named or sources), "main")


def main_module(sources: dict[str, bytes]) -> str:
    """The file that is run, without its extension, which compilation changes."""
    return main_file(sources).rpartition(".")[0]


def kotlin_main_class(sources: dict[str, bytes]) -> str:
    """The full name of the class with `main`: the file's own, or the top-level object that `main` is in."""
    for name, source in sources.items():
        code = _java_code(source)
        if main := _KOTLIN_MAIN.search(code):
            renamed = _KOTLIN_FILE_CLASS.search(source.decode("utf-8", "replace"))
            file_class = renamed[1] if renamed else _kotlin_file_class(name)
            return _in_package(code, _object_around(code, main.start()) or file_class)
    return "MainKt"


def _kotlin_file_class(name: str) -> str:
    stem = re.sub(r"\W", "_", name.rpartition("/")[2].rpartition(".")[0])
    return f"{'' if stem[:1].isalpha() else '_'}{stem[:1].upper()}{stem[1:]}Kt"


def scala_main_object(sources: dict[str, bytes]) -> str:
    """The full name of the top-level object with `main`, or that is an App."""
    for source in sources.values():
        code = _java_code(source)
        for main in _SCALA_MAIN.finditer(code):
            if found := _object_around(code, main.start()):
                return _in_package(code, found)
    return "Main"


def _object_around(code: str, position: int) -> str:
    """The top-level object whose head or body is at the position; empty at top level."""
    tops = [match for match in _OBJECT.finditer(code, 0, position) if _depth(code, match.start()) == 0]
    if not tops or (_depth(code, position) == 0 and "{" in code[tops[-1].start() : position]):
        return ""
    return tops[-1][1]


def _in_package(code: str, name: str) -> str:
    package = _PACKAGE.search(code)
    return f"{package[1]}.{name}" if package else name
