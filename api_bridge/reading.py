"""What a request says, read with patience and within bounds: a form with files, or JSON."""

import asyncio
from collections.abc import Awaitable, Callable

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api_bridge import photos
from api_bridge.contract import Contract
from api_bridge.faults import FileTooLarge, MalformedRequest, RequestTooSlow, SpaceBusy
from api_bridge.media import File, ending_of
from api_bridge.strict_json import Json, loads

LONGEST_REQUEST = 9_000_000  # bytes: a photo of 8 MB and what a form puts around it
LONGEST_OF_SEVERAL = 40_000_000  # where a field takes several files: twelve photos as phones make them
LONGEST_WORDS = 1_000_000  # bytes of what is no file: it is read in one go, and everybody waits meanwhile
MOST_ARRIVING = 256_000_000  # bytes of all requests together
MOST_FILES, MOST_FIELDS = 64, 2_500  # parts of a form; each of many choices is one
SLOWEST_BODY = 150.0  # seconds that a request may take to arrive: a photo of 8 MB on a slow line does
SILENT_BODY = 15.0  # seconds without a byte of it


class Reader:
    """Reads requests, and so many bytes of them at once that memory has an end."""

    def __init__(self) -> None:
        self._arriving = 0

    async def read(self, request: Request, contract: Contract) -> dict[str, Json]:
        """Return the fields of a question for `contract`, files by their content; or raise a `VisitorFault`."""
        most = _most(contract)
        length = min(_length(request, most), most)  # what says that it is longer is not read
        if self._arriving + length > MOST_ARRIVING:
            raise SpaceBusy("Too many photos are arriving at once.", retry_after=2)
        self._arriving += length
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                return await _read(request, contract, most)
        except TimeoutError as error:
            raise RequestTooSlow("What you sent did not arrive in time: try a better line.") from error
        finally:
            self._arriving -= length


def _most(contract: Contract) -> int:
    """How many bytes a question of `contract` may have."""
    several = any(contract.holds_files(name) and not contract.is_file(name) for name in contract.fields)
    return LONGEST_OF_SEVERAL if several else LONGEST_REQUEST


async def _read(request: Request, contract: Contract, most: int) -> dict[str, Json]:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "multipart/form-data":
        return contract.read_form(await _form(request, most))
    if media == "application/json":
        return _fields(await _whole(request))
    raise MalformedRequest("Send a form with files, or JSON where no field is a file.")


class _Form(MultiPartParser):
    """A photo is never written to a disk, not even for a moment."""

    spool_max_size = LONGEST_OF_SEVERAL
    whole = False  # the form's own last line was there

    def on_end(self) -> None:
        self.whole = True


async def _form(request: Request, longest: int) -> list[tuple[str, str | File]]:
    """Read a form's fields; a file becomes a `File` by its content, never by its name."""
    charset = parse_options_header(request.headers["content-type"])[1].get(b"charset", b"utf-8")
    if charset.lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise MalformedRequest("The form can not be read: send it in UTF-8.")
    stream, most = Request(request.scope, _counted(request, longest)).stream(), LONGEST_WORDS
    parser = _Form(request.headers, stream, max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=most)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        why = getattr(error, "message", "send multipart/form-data").rstrip(".")
        raise MalformedRequest(f"The form can not be read: {why}.") from error
    except ClientDisconnect as error:
        raise MalformedRequest("The form ended too early.") from error
    if not parser.whole:
        raise MalformedRequest("The form ended too early.")
    if sum(len(value) for _, value in form.multi_items() if isinstance(value, str)) > most:
        raise _too_large(most)
    return [
        (name, await _file(value) if isinstance(value, UploadFile) else value) for name, value in form.multi_items()
    ]


async def _file(upload: UploadFile) -> File:
    # Beside the loop: even a header can be made to take long.
    return await asyncio.to_thread(photos.describe, await upload.read(), ending_of(upload.filename or ""))


async def _whole(request: Request) -> bytes:
    try:
        return await Request(request.scope, _counted(request, LONGEST_WORDS)).body()
    except ClientDisconnect as error:
        raise MalformedRequest("The question ended too early.") from error


def _fields(body: bytes) -> dict[str, Json]:
    try:
        value = loads(body)
    except ValueError as error:
        raise MalformedRequest(f"This is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise MalformedRequest('Send an object of fields, such as {"age": 3}.')
    return value


def _length(request: Request, most: int) -> int:
    """Return how many bytes a request says that it has, or may have at most."""
    try:
        return int(request.headers.get("content-length", most))
    except ValueError as error:
        raise MalformedRequest("The Content-Length is not a number.") from error


def _counted(request: Request, most: int) -> Callable[[], Awaitable[Message]]:
    """Receive as `request` does, but stop before a body of more than `most` bytes has been read."""
    if "content-length" in request.headers and _length(request, most) > most:
        raise _too_large(most)
    read = 0

    async def receive() -> Message:
        nonlocal read
        async with asyncio.timeout(SILENT_BODY):
            message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise _too_large(most)
        return message

    return receive


def _too_large(most: int) -> FileTooLarge:
    what = {LONGEST_REQUEST: "a smaller photo", LONGEST_OF_SEVERAL: "fewer files, or smaller ones"}
    return FileTooLarge(f"This is more than {most / 1e6:.0f} MB: send {what.get(most, 'a smaller text')}.")
