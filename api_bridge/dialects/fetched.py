"""Files that a Space gives back, in whichever way a generation says them: fetched from that Space and nowhere else."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes, urlsplit

from api_bridge import photos
from api_bridge.faults import ContractBroken
from api_bridge.media import ENDINGS, File, ending_of
from api_bridge.strict_json import Json

if TYPE_CHECKING:
    from api_bridge.dialects.base import Dialect

MOST_FILES = 64  # of one question, its partial answers included
MOST_BYTES = 50_000_000
BY_DIGEST = re.compile(r"[/\\](?:[0-9a-f]{40}|[0-9a-f]{64})[/\\]")  # Gradio names a file's folder by its content

Fetch = Callable[[Json], Awaitable[File | None]]


class Files:
    """Fetches what a Space gives back, from that Space and nowhere else."""

    def __init__(self, dialect: "Dialect"):
        self._dialect = dialect
        self._count = self._size = 0
        self._had: dict[str, File] = {}  # a chat that grows word by word names the same picture each time

    async def __call__(self, said: Json) -> File | None:
        """Return the file that `said` stands for, in whichever way a generation says it."""
        if isinstance(said, dict) and isinstance(said.get("video"), dict):
            said = said["video"]
        if isinstance(said, str):
            said = {"url" if _is_address(said) else "path": said}
        if not isinstance(said, dict):
            return None
        name = said.get("orig_name") or said.get("path") or said.get("name") or ""
        address = said.get("data") or said.get("url")
        if isinstance(address, str) and address.startswith("data:"):
            return photos.describe(self._counted(_from_data_url(address)), ending_of(name) or _ending_in(address))
        path = said.get("path") or said.get("name")
        if not path and isinstance(address, str):
            path = self._own(address)
        if not isinstance(path, str) or not path:
            return None
        if path not in self._had:
            content = await self._dialect.wire.fetch(f"{self._dialect.prefix}/file={quote(path)}")
            file = photos.describe(self._counted(content), ending_of(name or path))
            if not BY_DIGEST.search(path):
                return file  # the same path may be another file the next time
            self._had[path] = file
        return self._had[path]

    def _counted(self, content: bytes) -> bytes:
        """One answer is no reason to run out of memory."""
        self._count, self._size = self._count + 1, self._size + len(content)
        if self._count > MOST_FILES or self._size > MOST_BYTES:
            raise ContractBroken(
                f"The Space's answer has more than {MOST_FILES} files, or {MOST_BYTES // 1_000_000} MB of them."
            )
        return content

    def _own(self, address: str) -> str:
        """The path in an address of the Space itself; another host's is not followed."""
        path = urlsplit(address).path
        inside = path.partition("/file=")[2]
        if not inside:
            raise ContractBroken("The Space answers with a file that lies elsewhere, where the bridge does not follow.")
        return inside


def _is_address(text: str) -> bool:
    return text.startswith(("data:", "http://", "https://"))


def _ending_in(address: str) -> str:
    media = address[5:].partition(";")[0].partition(",")[0]
    return ENDINGS.get(media, "")


def _from_data_url(address: str) -> bytes:
    head, _, body = address.partition(",")
    try:
        return (
            base64.b64decode("".join(body.split()), validate=True)
            if head.endswith(";base64")
            else unquote_to_bytes(body)
        )
    except binascii.Error as error:
        raise ContractBroken("The Space's answer is a file that can not be read.") from error
