"""
What the Hub's refusals and the network's mean to whoever publishes. Pure, but for one client that waits within bounds.
"""

import re
from collections.abc import Iterator

import httpx2
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError, RevisionNotFoundError

from api_bridge.report import line
from training.hub.changes import PublishError

FOREIGN = (httpx2.HTTPError, OSError, ValueError, RuntimeError, LookupError)  # what huggingface_hub raises
TIMERS = httpx2.Timeout(60, connect=10)  # its own client would wait for ever
LONGEST_WAIT = 30  # seconds that the Hub may ask to wait; huggingface_hub would sleep for an hour if told to


class Refused(PublishError):
    """The Hub said no, and did nothing."""


class Gone(Refused):
    """No such Space or revision, or none that this token may see."""


class Away(PublishError):
    """The Hub did not answer, and may in a moment."""


class _TooOften(httpx2.HTTPError):
    """The Hub asks to wait for longer than anybody at a terminal would."""


def meaning(error: BaseException, name: str, endpoint: str, hide: str) -> PublishError:
    """Return in a sentence what `error` means for the Space `name`, with `hide` cut out of all quotations."""
    causes = list(_causes(error))
    if any(isinstance(each, RepositoryNotFoundError | RevisionNotFoundError) for each in causes):
        return Gone(f"{name} is not there, or your token may not see it.")
    if type(error) is RuntimeError:  # huggingface_hub's word for a large file that did not arrive, whatever the cause
        return Away(f"{line(str(error))} Run the same command again: what has arrived is not sent twice.")
    answers = [each for each in causes if isinstance(each, HfHubHTTPError)]
    if answers:
        status, words = answers[-1].response.status_code, line(answers[-1].server_message or "").replace(hide, "…")
        kind = Away if status == 429 or status >= 500 else Refused
        return kind(_refusal(status, name, endpoint, f" It says: {words[:300]}" if words else ""))
    if any(isinstance(each, _TooOften) for each in causes):
        return Away("The Hub was asked too often, and asks to wait: try again in an hour.")
    if any(isinstance(each, httpx2.TransportError | OfflineModeIsEnabled) for each in causes):
        return Away(f"The Hub at {endpoint} can not be reached.")
    return PublishError(f"{type(error).__name__}: {line(str(error)).replace(hide, '…')[:300]}")


def _refusal(status: int, name: str, endpoint: str, quoted: str) -> str:
    match status:
        case 401:
            return f"The Hub does not accept the token: make one with write access at {endpoint}/settings/tokens."
        case 402:
            return (
                "The Hub asks for a paid plan or for credits. `--hardware zero-a10g` may be free for your account; "
                f"{endpoint}/pricing says what else there is.{quoted}"
            )
        case 403:
            return f"The token may not write to {name}: make one that may, or ask its owner.{quoted}"
        case 409:
            return f"The name {name} is taken: choose another one.{quoted}"
        case 412:
            return f"Somebody else changed {name} meanwhile: run the same command again and look anew."
        case 413 | 507:
            return f"That is more than the Hub takes from you.{quoted}"
        case 429:
            return "The Hub was asked too often: try again in some minutes."
    if status >= 500:
        return f"The Hub is not well (status {status}): try again in some minutes."
    return f"The Hub refuses with status {status}.{quoted}"


def be_patient() -> None:
    """Give huggingface_hub a client that neither waits for ever nor sleeps for an hour."""
    hooks = huggingface_hub.get_session().event_hooks["request"]

    def enough(response: httpx2.Response) -> None:
        after = response.headers.get("retry-after", "")
        reset = re.search(r";\s*t=(\d+)", response.headers.get("ratelimit", ""))
        seconds = int(after) if after.isdecimal() else int(reset[1]) if reset else 0
        if response.status_code == 429 and seconds > LONGEST_WAIT:
            raise _TooOften(f"asked to wait for {seconds} s")

    def client() -> httpx2.Client:
        return httpx2.Client(
            event_hooks={"request": hooks, "response": [enough]}, follow_redirects=True, timeout=TIMERS
        )

    huggingface_hub.set_client_factory(client)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
