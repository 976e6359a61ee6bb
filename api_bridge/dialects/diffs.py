"""From `sse_v2` on a stream tells only what changed: how to change what was told before."""

import copy

from api_bridge.faults import ContractBroken
from api_bridge.strict_json import Json
from api_bridge.wire import LONGEST_ANSWER


def changed(before: Json, changes: Json) -> Json:
    """Return `before` with Gradio's list of `[action, path, value]` done to it."""
    value = copy.deepcopy(before)
    try:
        for action, path, new in changes:
            value = _changed(value, action, path, new)
    except (IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ContractBroken("The Space's answer is not one of Gradio's.") from error
    return value


def _changed(value: Json, action: str, path: list[Json], new: Json) -> Json:
    if not path:
        if action == "replace":
            return new
        if action == "append":
            if len(value) + len(new) > LONGEST_ANSWER:
                raise ValueError("too long")
            return value + new
        raise ValueError(action)
    first, *rest = path
    if rest or action in ("replace", "append"):
        value[first] = _changed(value[first], action, rest, new)
    elif action == "add":
        if isinstance(value, list):
            value.insert(int(first), new)
        else:
            value[first] = new
    elif action == "delete":
        del value[first]
    else:
        raise ValueError(action)
    return value
