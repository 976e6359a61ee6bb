"""Files that Spaces gave back, kept in memory for a while so that a page can fetch them."""

from collections import OrderedDict
from hashlib import sha256

from api_bridge.media import File
from api_bridge.strict_json import Json

MOST = 100_000_000  # bytes that are kept at most; the oldest go first


class Files:
    """Names each file by its digest: the same file is kept once, and no name can be guessed."""

    def __init__(self, most: int = MOST):
        self._most = most
        self._kept: OrderedDict[str, File] = OrderedDict()
        self._size = 0

    def keep(self, file: File) -> dict[str, Json]:
        """Keep `file`; return its description, with where it is to be had below the bridge's own address."""
        name = sha256(file.content).hexdigest() + file.ending
        old = self._kept.pop(name, None)
        self._size += len(file.content) - (len(old.content) if old else 0)
        self._kept[name] = file
        while self._size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.content)
        return {**file.described(), "file": f"v1/files/{name}"}

    def get(self, name: str) -> File | None:
        """Return the file kept under `name`, or None where it is not kept any more."""
        return self._kept.get(name)

    def within(self, prediction: Json) -> Json:
        """Return `prediction` with the files that it names in their places."""
        if isinstance(prediction, dict):
            name = str(prediction.get("file", "")).removeprefix("v1/files/")
            found = self.get(name) if "media" in prediction else None
            return found or {part: self.within(value) for part, value in prediction.items()}
        return [self.within(each) for each in prediction] if isinstance(prediction, list) else prediction
