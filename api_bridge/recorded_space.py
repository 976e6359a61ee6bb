"""A Space that answers from its contract's examples: the fake, beside the real thing."""

import json
from collections.abc import Mapping
from hashlib import sha256

from api_bridge import photos
from api_bridge.contract import Contract, File, Json
from api_bridge.faults import AppFailed, ContractBroken
from api_bridge.space import About, Endpoint


class RecordedSpace:
    """
    Answers what the contract's examples recorded, and says so when asked anything else.

    Useful offline, in tests, and to look at a page before its Space is up.
    """

    def __init__(self, contracts: Mapping[str, Contract]):
        self._endpoints: dict[str, Endpoint] = {}
        self._answers: dict[str, dict[str, Json]] = {}
        for contract in contracts.values():
            for step in contract.json["steps"].values():
                self._endpoints[step["endpoint"]] = Endpoint(tuple(step["takes"]), queued=False)
                self._answers[step["endpoint"]] = {
                    _name(_taken(contract, step["takes"], example["input"])): example["prediction"]
                    for example in contract.json["examples"]
                }

    async def about(self) -> About:
        return About("recorded", "recorded", self._endpoints)

    async def ask(self, endpoint: str, takes: Mapping[str, Json], seconds: float) -> list[Json]:
        if endpoint not in self._answers:
            raise ContractBroken(f"The recording has no endpoint {endpoint}.")
        answers = self._answers[endpoint]
        name = _name(takes)
        if name not in answers:
            raise AppFailed("Only the examples were recorded: choose one of them.")
        return [answers[name]]

    async def close(self) -> None:
        """Nothing is held."""


def _taken(contract: Contract, takes: Mapping[str, str], recorded: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the bridge would ask with: files read and cleaned as it does."""
    value = {}
    for parameter, source in takes.items():
        field = source.removeprefix("input.")
        given = recorded.get(field)
        if contract.is_file(field) and given is not None:
            given = photos.clean(field, photos.describe((contract.folder / given["file"]).read_bytes()))
        value[parameter] = given
    return value


def _name(takes: Mapping[str, Json]) -> str:
    """One name for the same question, files by their bytes."""
    told = {
        parameter: sha256(value.content).hexdigest() if isinstance(value, File) else value
        for parameter, value in takes.items()
    }
    return json.dumps(told, sort_keys=True)
