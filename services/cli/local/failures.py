"""Why the platform cannot start, always with what to do about it."""


class CannotStart(Exception):
    """Starting was refused or failed. `problem` is what is wrong, `remedy` what a person can do."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class AlreadyRunning(CannotStart):
    """Another instance holds the data directory."""

    def __init__(self, root: str, url: str, pid: int) -> None:
        super().__init__(
            f"judgemesh already runs on {root}: {url} (process {pid}).",
            "Use that one, stop it with Ctrl-C in its terminal, or start a second one with its own "
            "--data-dir and --ports auto.",
        )
        self.url = url
