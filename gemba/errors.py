"""Every error a user can meet says what happened and what to do about it."""


class GembaError(Exception):
    """An error with its remedy. The CLI prints both and exits with status 1; no traceback is shown.

    what: one sentence in plain words. remedy: the command or change that mends it.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  Remedy: {self.remedy}" if self.remedy else self.what


class DatabaseUnavailable(GembaError):
    """The database does not answer."""


class MigrationError(GembaError):
    """The files under sql/ and the ledger in the database contradict each other."""


class ServiceError(GembaError):
    """An embedded service (database, broker) could not be provisioned, started or stopped."""


class InputError(GembaError):
    """A file, flag or message from outside that can't be used as it is."""
