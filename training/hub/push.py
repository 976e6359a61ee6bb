"""
The Hub, where the files of a Space live: what is there, one commit, how far the Space is.

The only module that holds a token: it goes into one header, and into nothing that is printed, logged or
raised. Whatever the Hub or the network answers becomes a `PublishError` that says what to do, and what
was changed until then.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.hf_api import RepoFile

from api_bridge.hub import is_name
from api_bridge.report import line
from api_bridge.space import GradioSpace, address
from api_bridge.wire import HttpWire
from training.hub.changes import Changes, PublishError, Stored
from training.hub.refusals import FOREIGN, Gone, Refused, be_patient, meaning

ENDPOINT = "https://huggingface.co"
WORDS = 10  # the last lines of a log that are shown


@dataclass(frozen=True)
class Runtime:
    """How far a Space is: the Hub's word for it, at which commit, on what hardware, and what went wrong."""

    stage: str
    commit: str | None
    hardware: str | None
    error: str | None


@dataclass(frozen=True)
class Now:
    """A Space as it was found."""

    commit: str
    files: Mapping[str, Stored]
    private: bool
    runtime: Runtime


class HubSpace:
    """`user/name` on the Hub, seen and changed with the token of whoever sits here."""

    def __init__(self, name: str):
        """Nothing is asked yet; raise `PublishError` where there is no such name, or no token."""
        if not is_name(name):
            raise PublishError(f"{line(name)} is not a Space's name: write it like hub:you/my-space.")
        self.name, self.endpoint = name, os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
        self.page = f"{self.endpoint}/spaces/{name}"
        self.so_far = "Nothing was changed."
        self._token = _found_token(f"{self.endpoint}/settings/tokens")
        self._api = HfApi(self.endpoint, token=self._token, library_name="tinyspaces")
        if not sys.stderr.isatty():
            huggingface_hub.utils.disable_progress_bars()
        be_patient()

    @contextmanager
    def _translated(self, refused: str | None = None) -> Iterator[None]:
        """
        Turn whatever the Hub and the network raise into a `PublishError`.

        `refused` says what was changed where the Hub said no; where nobody knows what it did, `so_far` does.
        """
        try:
            yield
        except FOREIGN as error:
            told = meaning(error, self.name, self.endpoint, hide=self._token)
            sure = isinstance(told, Refused)
            raise type(told)(f"{told} {refused if refused and sure else self.so_far}") from error

    # --- what is there

    def check_token(self) -> None:
        """Raise `PublishError` for a token that is not known, or that may only read."""
        with self._translated():
            me = self._api.whoami()
        if me.get("auth", {}).get("accessToken", {}).get("role") == "read":
            raise PublishError(
                f"The token of {line(str(me.get('name')))} may only read: make one with write access at "
                f"{self.endpoint}/settings/tokens. {self.so_far}"
            )

    def now(self) -> Now | None:
        """Return the Space as it is, or None where there is none, or none that this token may see."""
        try:
            with self._translated():
                info = self._api.space_info(self.name)
        except Gone:
            return None
        return Now(str(info.sha), self.files(str(info.sha)), bool(info.private), self.runtime())

    def files(self, commit: str) -> dict[str, Stored]:
        """Return what a commit holds, by path."""
        with self._translated():
            tree = self._api.list_repo_tree(self.name, recursive=True, revision=commit, repo_type="space")
            return {each.path: _stored(each) for each in tree if isinstance(each, RepoFile)}

    def runtime(self) -> Runtime:
        """Return how far the Space is."""
        with self._translated():
            said = self._api.get_space_runtime(self.name)
        hardware = said.hardware or said.requested_hardware
        return Runtime(str(said.stage), said.raw.get("sha"), hardware, said.raw.get("errorMessage"))

    def log(self, stage: str) -> list[str]:
        """Return the last lines of what the Space said while it was built or ran, or where they are to be read."""
        build = stage.startswith("BUILD")
        try:
            return [line(each) for each in self._api.fetch_space_logs(self.name, build=build)][-WORDS:]
        except FOREIGN:
            return [f"Its log is at {self.page}?logs={'build' if build else 'container'}."]

    def revision(self, revision: str) -> str:
        """Return the whole name of a commit; raise `PublishError` where there is none."""
        try:
            with self._translated():
                return str(self._api.space_info(self.name, revision=revision).sha)
        except Gone as error:
            where = f"{self.page}/commits/main lists them"
            raise PublishError(
                f"There is no revision {line(revision)} in {self.name}: {where}. {self.so_far}"
            ) from error

    def fetch(self, commit: str, patterns: Sequence[str], to: Path) -> None:
        """Write the files of a commit that match into the folder `to`."""
        with self._translated():
            self._api.snapshot_download(
                self.name, repo_type="space", revision=commit, allow_patterns=list(patterns), local_dir=to
            )

    # --- what is changed

    def make(self, hardware: str | None) -> None:
        """Make the Space, with Gradio and in public: pages could not ask a private one."""
        with self._translated():
            self._api.create_repo(
                self.name, repo_type="space", space_sdk="gradio", space_hardware=hardware, private=False
            )
        self.so_far = f"{self.name} was made, and has none of the demos yet."

    def request(self, hardware: str) -> None:
        """Ask for other hardware."""
        with self._translated():
            self._api.request_space_hardware(self.name, hardware)
        self.so_far = f"The hardware of {self.name} was changed to {hardware}, and none of its files."

    def push(self, folder: Path, changes: Changes, parent: str, message: str) -> str:
        """
        Make all the changes in one commit upon `parent`; return its name.

        Large files go up first. Until the commit nobody sees them, so what fails half-way changed nothing.
        """
        adds = [CommitOperationAdd(path, folder / path) for path in changes.going_up]
        deletes = [CommitOperationDelete(path) for path in changes.removed]
        with self._translated():
            self._api.preupload_lfs_files(self.name, adds, repo_type="space", free_memory=False)
        before, self.so_far = self.so_far, "It may have arrived all the same: run the same command again, it will say."
        with self._translated(refused=before):
            done = self._api.create_commit(
                self.name, [*adds, *deletes], commit_message=message, repo_type="space", parent_commit=parent
            )
        self.so_far = f"It is published as {done.oid[:7]}; `--revision {parent[:7]}` takes it back."
        return str(done.oid)

    # --- what it answers

    def gradio(self, *, private: bool) -> GradioSpace:
        """Return the app itself, to be asked; only a private one gets the token."""
        with self._translated():
            host = self._api.space_info(self.name).host or address(self.name)
        token = self._token if private else None
        return GradioSpace(self.name, wire=HttpWire(host, token=token), token=token)


def _found_token(page: str) -> str:
    """Return HF_TOKEN or what `hf auth login` stored; raise `PublishError` where there is none."""
    try:
        token = huggingface_hub.get_token()
    except Exception as error:  # its several sources fail in ways of their own
        raise PublishError(f"The token can not be read ({type(error).__name__}): put one into HF_TOKEN.") from None
    if not token:
        raise PublishError(
            f"There is no token: make one with write access at {page}; put it into HF_TOKEN, or run `hf auth login`."
        )
    if not re.fullmatch(r"[!-~]+", token):
        # An error about a header that can not be sent would quote it.
        raise PublishError("What is in HF_TOKEN is no token: copy it again, without spaces or line breaks.")
    return token


def _stored(file: RepoFile) -> Stored:
    return Stored(file.size, file.lfs.sha256, True) if file.lfs else Stored(file.size, file.blob_id, False)
