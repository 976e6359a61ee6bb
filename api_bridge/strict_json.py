"""JSON as every reader can read it: what one takes and another refuses is refused by all."""

import json
import math
from typing import Any

Json = Any  # what json.loads returns

DEEPEST = 64  # how deep a message may nest


def loads(text: str | bytes) -> Json:
    """
    Return `text` read as JSON; raise `ValueError` where it is not what every reader can read.

    That leaves out NaN and Infinity, numbers too large for a double, half characters,
    and nesting deeper than 64.
    """
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    _sound(value)
    return value


def _whole(number: str) -> int:
    _finite(number)  # beyond a double, readers disagree
    return int(number)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:20]} is not JSON")
    return value


def _sound(value: Json, depth: int = DEEPEST) -> None:
    if depth == 0:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        for name, part in value.items():
            name.encode()  # UnicodeEncodeError, a ValueError, for half characters
            _sound(part, depth - 1)
    elif isinstance(value, list):
        for part in value:
            _sound(part, depth - 1)
    elif isinstance(value, str):
        value.encode()
