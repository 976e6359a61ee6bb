"""
Strangers' photos, cleaned beside the loop: small ones in a thread, large ones in a process that may die of them.

    workshop = Workshop(workers=1)
    photo = await workshop.clean("photo", photo)

A worker reads photos from its standard input and ends when that is closed, however the bridge
ended. It is none of Python's process pools: those import the main program again (on a Space that
is Gradio: 2 s, 130 MB), outlive a bridge that was killed, know its token, and let one photo that
kills a worker spoil everybody's question.
"""

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import suppress

from api_bridge import photos
from api_bridge.faults import Fault, InputRefused, OutOfTime, SpaceBusy
from api_bridge.media import File
from api_bridge.strict_json import Json

# Below these a worker's road costs a third more (2.2 → 3.0 ms at 0.3 megapixels),
# and a thread holds up the loop for 2 ms at most. Above them a thread does for 25 to 50 ms. Measured.
SMALL_PIXELS, SMALL_BYTES = 300_000, 200_000
QUEUE = 16  # large photos that wait for a worker
LONGEST = 20.0  # seconds that one photo may take; the slowest honest ones take 3
MEMORY = 2**30  # bytes of a worker; the hungriest picture of 24 megapixels, a moving WebP, needs 620 MB

PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")  # no token goes where strangers' bytes are read
# The bridge decides when a worker ends, not a Ctrl-C that goes to both: photos that came in are still cleaned.
START = """
import signal, sys
for each in (signal.SIGINT, signal.SIGTERM): signal.signal(each, signal.SIG_IGN)
sys.path[:] = sys.argv[1:]
from api_bridge.workshop import work
work()
"""

log = logging.getLogger("api_bridge")


class Workshop:
    """Cleans photos, so many at once as there are `workers`; no photo holds up or harms another's asker."""

    def __init__(self, workers: int = 1):
        self._workers = workers
        self._turns = asyncio.Semaphore(workers)
        self._idle: list[Process] = []
        self._started: list[Process] = []
        self._inside = 0  # large photos that wait or are being cleaned
        self._usual = 1.0  # seconds that one took lately
        self._closed = False

    async def clean(self, field: str, file: File) -> File:
        """
        Return `file` clean where it is a photo, and as it is where it is none.

        Raises what `photos.clean` raises, `InputRefused` too where a photo ends its worker,
        `OutOfTime` where it takes too long, and `SpaceBusy` where too many wait. Who gives up
        waiting stops the work.
        """
        if not file.pixels:
            return file
        if file.pixels < SMALL_PIXELS and len(file.content) < SMALL_BYTES:
            return await asyncio.to_thread(photos.cleaned, file, field)
        if self._inside >= self._workers + QUEUE:
            raise SpaceBusy("Too many photos at once.", retry_after=max(1.0, QUEUE * self._usual / self._workers))
        self._inside += 1
        try:
            async with self._turns:
                return await self._by_worker(field, file)
        finally:
            self._inside -= 1

    async def close(self) -> None:
        """Leave no process; who still waits is told to come back."""
        self._closed = True
        for worker in self._started:
            _kill(worker)
        await asyncio.gather(*(worker.wait() for worker in self._started))

    async def _by_worker(self, field: str, file: File) -> File:
        clock = asyncio.get_running_loop().time
        began, told, worker = clock(), None, await self._ready()
        try:
            async with asyncio.timeout(LONGEST):
                told = await _told_by(worker, field, file)
        except TimeoutError as error:
            raise OutOfTime("The photo took too long to read: a smaller one is quicker.", field) from error
        except (OSError, EOFError) as error:
            self._refuse_when_closed()
            log.warning("a photo ended its worker (%s): there will be another", type(error).__name__)
            raise InputRefused("The photo can not be read.", field) from error
        finally:
            if told is None:  # it died, took too long, or nobody wants its answer any more
                _kill(worker)
            else:
                self._idle.append(worker)
        self._usual += 0.2 * (clock() - began - self._usual)
        if isinstance(told, Fault):
            raise told
        return told

    async def _ready(self) -> Process:
        """Return a worker that lives and has nothing to do, started now if there is none."""
        self._refuse_when_closed()
        self._idle = [worker for worker in self._idle if worker.returncode is None]
        if self._idle:
            return self._idle.pop()
        self._started = [worker for worker in self._started if worker.returncode is None]
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        try:
            worker = await asyncio.create_subprocess_exec(
                sys.executable, "-c", START, *sys.path, stdin=PIPE, stdout=PIPE, env=environment, limit=2**20
            )
        except OSError as error:  # the machine has no more processes or files to give
            raise SpaceBusy("The bridge has its hands full.", retry_after=2) from error
        self._started.append(worker)
        if self._closed:  # meanwhile
            _kill(worker)
        return worker

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise SpaceBusy("The bridge is being restarted.", retry_after=2)


async def _told_by(worker: Process, field: str, file: File) -> File | Fault:
    """Send a photo to `worker` and return what comes back; raises `OSError` or `EOFError` when it dies."""
    assert worker.stdin
    assert worker.stdout
    asked = {"field": field, "media": file.media, "pixels": file.pixels, "size": len(file.content)}
    worker.stdin.write(_line(asked))
    worker.stdin.write(file.content)
    await worker.stdin.drain()
    told = json.loads(await worker.stdout.readuntil())
    if "fault" in told:
        return _KINDS[told["fault"]](told["detail"], told["field"])
    return File(await worker.stdout.readexactly(told["size"]), told["media"], file.pixels, told["ending"])


def _kill(worker: Process) -> None:
    with suppress(ProcessLookupError):
        worker.kill()


def _line(about: Json) -> bytes:
    return json.dumps(about).encode() + b"\n"


def _family(kind: type[Fault]) -> Iterator[type[Fault]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _family(each)


_KINDS = {each.kind: each for each in _family(Fault) if "kind" in vars(each)}


# --- in the worker


def work() -> None:
    """Clean the photos that come by standard input, until it is closed: a worker's whole life."""
    _step_back()
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    while line := asked.readline():
        about = json.loads(line)
        photo = File(asked.read(about["size"]), about["media"], about["pixels"])
        try:
            clean = photos.clean(about["field"], photo)
            told, content = {"media": clean.media, "ending": clean.ending, "size": len(clean.content)}, clean.content
        except Fault as fault:
            told, content = {"fault": fault.kind, "detail": fault.detail, "field": fault.field}, b""
        except MemoryError:
            sys.exit("A photo took more memory than a worker has.")
        answers.write(_line(told))
        answers.write(content)
        answers.flush()


def _step_back() -> None:
    """Take no more memory than a photo needs, and leave the bridge the first turn on a busy machine."""
    with suppress(ImportError, AttributeError, ValueError, OSError):  # where the system knows neither
        import resource

        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
