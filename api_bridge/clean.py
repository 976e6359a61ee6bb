"""The photos of one question, each cleaned once, when the first step that takes it is asked."""

import asyncio
import time
from collections.abc import Mapping

from api_bridge.faults import OutOfTime
from api_bridge.media import File, each_file
from api_bridge.memory import Joined
from api_bridge.metrics import Metrics
from api_bridge.patience import Clock, Deadline
from api_bridge.pipeline import INPUT, Step
from api_bridge.strict_json import Json
from api_bridge.workshop import Workshop


class Cleaning:
    """Cleans what a stranger gave; what a Space gave to be passed on is as it came."""

    def __init__(self, workshop: Workshop, deadline: Deadline, metrics: Metrics, clock: Clock = time.monotonic):
        self._workshop, self._deadline, self._metrics, self._clock = workshop, deadline, metrics, clock
        self._clean: dict[File, File] = {}
        self._under_way: dict[File, Joined[File]] = {}

    async def takes(self, step: Step, takes: Mapping[str, Json]) -> dict[str, Json]:
        """Return what `step` is asked with, its photos clean; raise what `Workshop.clean` does, or `OutOfTime`."""
        cleaned = dict(takes)
        try:
            async with asyncio.timeout(self._deadline.left()):
                for parameter, reference in step.takes.items():
                    if reference.source == INPUT and reference.name:
                        cleaned[parameter] = await self._value(reference.name, takes[parameter])
        except TimeoutError as error:
            raise OutOfTime("The photo could not be read in time: a smaller one is quicker.") from error
        return cleaned

    async def _value(self, field: str, value: Json) -> Json:
        files: list[File] = []
        each_file(value, files.append)
        clean = iter([await self._once(field, file) for file in files])
        return each_file(value, lambda _: next(clean))

    async def _once(self, field: str, file: File) -> File:
        if file not in self._clean:
            joined = self._under_way.get(file)
            if joined is None or joined.over:
                joined = self._under_way[file] = Joined(self._cleaned(field, file))
            self._clean[file] = await joined.wait()
        return self._clean[file]

    async def _cleaned(self, field: str, file: File) -> File:
        started = self._clock()
        clean = await self._workshop.clean(field, file)
        self._metrics.observe("photos_seconds", self._clock() - started)
        return clean
