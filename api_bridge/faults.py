"""
Every way asking can go wrong, as one family.

    Fault
    ├── VisitorFault          the visitor can mend it
    │   ├── MalformedRequest  400  the request is not what the bridge reads
    │   ├── DemoUnknown       404  no demo of this name
    │   ├── FileGone          404  a file that the bridge gave is not kept any more
    │   ├── QuestionGone      404  a question that the bridge took is not kept any more
    │   ├── RequestTooSlow    408  what was sent did not arrive in time; asking again may help
    │   ├── FileTooLarge      413  more bytes or pixels than the contract takes
    │   ├── MediaRefused      415  a file of another kind than the contract takes
    │   ├── InputRefused      422  a field the contract refuses
    │   └── TooManyQuestions  429  more questions than one visitor may ask; time mends it
    ├── SpaceFault
    │   ├── SpaceBusy         503  time mends it: refused, full, cut off; the only one that is retried
    │   ├── OutOfTime         504  time may mend it: no answer before the deadline
    │   ├── SpaceUnreachable  502  the maintainer: a wrong name, a certificate, a refused token
    │   └── AppFailed         502  the Space's author: the app itself said no
    └── ContractFault         the maintainer can mend it
        ├── ContractBroken    502  the Space no longer keeps its contract
        └── ContractUnreadable 503 the contract is missing, or is not one

Each is told as an RFC 9457 problem; `retryable` says whether asking again can help.
"""

from typing import Any, ClassVar

SOON = 2  # seconds after which asking again makes sense, where nobody knows better


class Fault(Exception):
    """Something went wrong while asking; `detail` says it in words a visitor understands."""

    kind: ClassVar[str] = "fault"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        field: str | None = None,
        *,
        retry_after: float | None = None,
        space: dict[str, str] | None = None,
    ):
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after  # seconds
        self.space = space
        self.attempts: int | None = None  # how often the Space was asked, where it was

    def problem(self, trace_id: str) -> dict[str, Any]:
        """Return the RFC 9457 members, without those that have nothing to say."""
        members = {
            "type": f"urn:tinyspaces:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "field": self.field,
            "retryable": self.retryable,
            "retry_after": SOON if self.retryable and self.retry_after is None else self.retry_after,
            "attempts": self.attempts,
            "space": self.space,
            "trace_id": trace_id,
        }
        return {name: value for name, value in members.items() if value is not None}


class VisitorFault(Fault):
    """The visitor can mend it."""


class MalformedRequest(VisitorFault):
    """The request is not what the bridge reads."""

    kind, title, status = "malformed-request", "The request can not be read", 400


class DemoUnknown(VisitorFault):
    """No demo of this name."""

    kind, title, status = "demo-unknown", "There is no such demo", 404


class FileGone(VisitorFault):
    """A file that the bridge gave is not kept any more."""

    kind, title, status = "file-gone", "The file is not kept any more", 404


class QuestionGone(VisitorFault):
    """A question that the bridge took is not kept any more."""

    kind, title, status = "question-gone", "The question is not kept any more", 404


class RequestTooSlow(VisitorFault):
    """What was sent did not arrive in time; asking again may help."""

    kind, title, status, retryable = "request-too-slow", "The request took too long", 408, True


class FileTooLarge(VisitorFault):
    """More bytes or pixels than the contract takes."""

    kind, title, status = "file-too-large", "The file is too large", 413


class MediaRefused(VisitorFault):
    """A file of another kind than the contract takes."""

    kind, title, status = "media-refused", "The file is of another kind", 415


class InputRefused(VisitorFault):
    """A field the contract refuses."""

    kind, title, status = "input-refused", "A field needs another value", 422


class TooManyQuestions(VisitorFault):
    """More questions than one visitor may ask; time mends it."""

    kind, title, status, retryable = "too-many-questions", "That was too fast", 429, True


class SpaceFault(Fault):
    """The Space did not answer as hoped."""


class SpaceBusy(SpaceFault):
    """Refused, full, or cut off before an answer: the only fault that is retried."""

    kind, title, status, retryable = "space-busy", "The model is busy", 503, True
    full = False  # the Space is well, and too many ask: it says so itself
    unseen = False  # the app can not have seen the question
    asleep = False  # the Hub says that the Space is on its way


class OutOfTime(SpaceFault):
    """No answer before the deadline."""

    kind, title, status, retryable = "out-of-time", "The model took too long", 504, True


class SpaceUnreachable(SpaceFault):
    """A wrong name, a certificate, a refused token: waiting can not mend it."""

    kind, title, status = "space-unreachable", "The model can not be reached", 502


class AppFailed(SpaceFault):
    """The app itself said no, in its own words where it gave any."""

    kind, title, status = "app-failed", "The model could not answer", 502
    wordless = False  # it gave none


class ContractFault(Fault):
    """What was agreed and what is there are not the same."""


class ContractBroken(ContractFault):
    """The Space no longer keeps its contract."""

    kind, title, status = "contract-broken", "The model has changed", 502


class ContractUnreadable(ContractFault):
    """The contract is missing, or is not one."""

    kind, title, status = "contract-unreadable", "The demo is not set up", 503
