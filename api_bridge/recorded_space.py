"""A Space that answers from its contract's examples: the fake, beside the real thing."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from api_bridge import photos
from api_bridge.components import Component
from api_bridge.contract import Contract
from api_bridge.dialects import About, Endpoint, Parameter, Told
from api_bridge.faults import AppFailed, ContractBroken
from api_bridge.media import File, each_file
from api_bridge.strict_json import Json


class RecordedSpace:
    """
    Answers what the contract's examples recorded, and says so when asked anything else.

    Useful offline, in tests, and to look at a page before its Space is up.
    """

    deployment: str | None = "recorded"

    def __init__(self, contracts: Mapping[str, Contract]):
        self._endpoints: dict[str, Endpoint] = {}
        self._answers: dict[str, dict[str, list[Json]]] = {}
        for contract in contracts.values():
            for step in contract.json["steps"].values():
                parameters = tuple(Parameter(name, Component("recorded", {})) for name in step["takes"])
                self._endpoints[step["endpoint"]] = Endpoint(step["endpoint"], parameters, (), queued=False)
                self._answers.setdefault(step["endpoint"], {})
            for example in contract.json["examples"]:
                for step, takes, prediction in calls(contract, example):
                    self._answers[step["endpoint"]][_name(takes)] = _outputs(contract, step, prediction)

    async def about(self) -> About:
        return About("recorded", "recorded", self._endpoints)

    async def ask(
        self, endpoint: str, takes: Mapping[str, Json], seconds: float, told: Told | None = None
    ) -> list[Json]:
        if endpoint not in self._answers:
            raise ContractBroken(f"The recording has no endpoint {endpoint}.")
        answers = self._answers[endpoint]
        name = _name(takes)
        if name not in answers:
            raise AppFailed("Only the examples were recorded: choose one of them.")
        return answers[name]

    async def close(self) -> None:
        """Nothing is held."""


def calls(
    contract: Contract, example: Mapping[str, Json]
) -> Iterator[tuple[Mapping[str, Json], dict[str, Json], Json]]:
    """Yield each call that the bridge makes for an example: the step, what it takes, photos clean, and what it gave."""
    question = {**contract.defaults, **read(example["input"], contract.folder)}
    values = {"input": each_file(question, photos.cleaned)}
    for step in contract.pipeline.steps:
        several = contract.pipeline.several
        if several and step.name not in example["prediction"]:
            continue  # it was skipped
        prediction = example["prediction"][step.name] if several else example["prediction"]
        values[step.name] = read(prediction, contract.folder)
        takes = step.taken(values)
        if step.each is None:
            yield step.json, takes, prediction
        else:
            for one, said in zip(takes[step.each], prediction, strict=True):
                yield step.json, {**takes, step.each: one}, said


def read(recorded: Json, folder: Path) -> Json:
    """Return a recorded value with the files that it names in their places."""
    if isinstance(recorded, dict) and isinstance(recorded.get("file"), str) and "media" in recorded:
        path = folder / recorded["file"]
        return photos.describe(path.read_bytes(), path.suffix)
    if isinstance(recorded, Mapping):
        return {name: read(part, folder) for name, part in recorded.items()}
    if isinstance(recorded, list):
        return [read(part, folder) for part in recorded]
    return recorded


def _outputs(contract: Contract, step: Mapping[str, Json], prediction: Json) -> list[Json]:
    prediction = read(prediction, contract.folder)
    if "gives" in step:
        return [prediction.get(name) if name else None for name in step["gives"]]
    return [prediction]


def _name(takes: Mapping[str, Json]) -> str:
    """One name for the same question, files by their bytes."""
    return json.dumps(each_file(dict(takes), _digest), sort_keys=True)


def _digest(file: File) -> str:
    return sha256(file.content).hexdigest()
