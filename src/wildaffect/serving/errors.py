"""Errors of the service, which all have one form in responses."""

from collections.abc import Mapping

from pydantic import BaseModel

from wildaffect.core.errors import WildAffectError


class ErrorText(BaseModel):
    """What is wrong."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """Body of every response with an error."""

    error: ErrorText


class ServiceError(WildAffectError):
    """A request that is refused: status, a code for programs, and words for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status, self.code = status, code
        self.headers = dict(headers or {})
        super().__init__(message)

    def body(self) -> bytes:
        """Return the body of the response."""
        error = ErrorText(code=self.code, message=str(self))
        return ErrorBody(error=error).model_dump_json().encode()


class QueueFull(ServiceError):
    """There is no place in the queue."""

    def __init__(self, max_queued: int) -> None:
        super().__init__(
            503,
            "queue_full",
            f"all {max_queued} places of the queue are taken; try again later",
            {"Retry-After": "10"},
        )


class Unexpected(ServiceError):
    """The service failed; the client learns no more than that."""

    def __init__(self) -> None:
        super().__init__(
            500,
            "internal",
            "the service failed unexpectedly; its operator finds more in its log",
        )


class NoSuchJob(ServiceError):
    """No job has this id, or it was deleted."""

    def __init__(self) -> None:
        super().__init__(404, "no_such_job", "no such job; it may have been deleted")
