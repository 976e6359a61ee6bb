"""A Space as the small Hub keeps it: its commits, and the app that really runs from the bytes of the last one."""

import hashlib
import os
import subprocess
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from conftest import free_port

OLD = "0" * 40  # the commit that a runtime speaks of before it has noticed a new one


@dataclass(frozen=True)
class Blob:
    """A file's bytes, in git or beside it."""

    content: bytes
    large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def oid(self) -> str:
        """Git's name for it, or for the pointer that stands for it."""
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n"
        kept = pointer.encode() if self.large else self.content
        return hashlib.sha1(b"blob %d\0" % len(kept) + kept, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Commit:
    oid: str
    summary: str
    files: dict[str, Blob]


@dataclass
class Space:
    """A repository, and the app that runs from it; `stages` are told, one a look, in place of the app's own."""

    name: str
    private: bool = False
    hardware: str = "cpu-basic"
    commits: list[Commit] = field(default_factory=list)
    stages: list[dict] = field(default_factory=list)
    log: str = ""
    reported: bool = False  # to ZeroGPU, that there is a function for a GPU
    host: str | None = None
    looks: int = 0  # since the last commit
    folder: Path | None = None
    port: int = 0
    process: subprocess.Popen | None = None

    @property
    def files(self) -> dict[str, Blob]:
        return self.commits[-1].files

    def at(self, revision: str) -> Commit | None:
        if revision == "main":
            return self.commits[-1]
        return next((each for each in self.commits if each.oid.startswith(revision)), None)

    def commit(self, files: dict[str, Blob], summary: str) -> Commit:
        text = f"{self.name} {len(self.commits)} {summary} {sorted((path, blob.oid) for path, blob in files.items())}"
        self.commits.append(Commit(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), summary, files))
        self.looks = 0
        return self.commits[-1]

    def start(self, folder: Path, python: Path, zero: str) -> None:
        """Run the app in `folder`; `zero` is the address that ZeroGPU would have."""
        self.stop()
        for path, blob in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(blob.content)
        self.folder, self.port, self.reported, self.looks = folder, free_port(), False, 0
        here = {"GRADIO_SERVER_PORT": str(self.port), "GRADIO_ANALYTICS_ENABLED": "False", "SYSTEM": "spaces"}
        gpu = {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": zero} if self.hardware == "zero-a10g" else {}
        with (folder / "log.txt").open("wb") as words:
            self.process = subprocess.Popen(
                [python, "app.py"], cwd=folder, env={**os.environ, **here, **gpu}, stdout=words, stderr=words
            )

    def stop(self) -> None:
        """End the app, if it runs."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def runtime(self) -> dict:
        """How far the app is, as the Hub tells it: at first, what was so before the last commit."""
        self.looks += 1
        if self.stages:
            return self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        if self.process is None:
            return {"stage": "NO_APP_FILE"}
        if self.looks == 1:
            return {"stage": "BUILDING", "sha": OLD}
        if self.process.poll() is not None:
            return {"stage": "RUNTIME_ERROR", "errorMessage": f"Exit code: {self.process.returncode}"}
        if not self._ready():
            return {"stage": "APP_STARTING"}
        if self.hardware == "zero-a10g" and not self.reported:
            return {"stage": "RUNTIME_ERROR", "errorMessage": "No @spaces.GPU function detected during startup"}
        return {"stage": "RUNNING"}

    def _ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/bridge/readyz", timeout=2):
            return True
        return False

    def said(self) -> str:
        """What the app printed."""
        return self.log or ((self.folder / "log.txt").read_text(errors="replace") if self.folder else "")


def binary(content: bytes) -> bool:
    """Whether the Hub keeps a file with these first bytes beside git."""
    return b"\0" in content
