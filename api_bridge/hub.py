"""What the Hub says of a Space: whether it runs, sleeps or failed."""

import asyncio
import os
import re

from api_bridge.faults import Fault
from api_bridge.wire import HttpWire, object_of


async def stage(space: str, token: str | None = None) -> str | None:
    """Return the Hub's word for how `user/name` is, such as SLEEPING; None for an address, or a silent Hub."""
    if not is_name(space):
        return None
    wire = HttpWire(os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/"), token=token)
    try:
        async with asyncio.timeout(5):
            said = object_of(await wire.get(f"/api/spaces/{space}/runtime")).get("stage")
    except (Fault, TimeoutError):
        return None
    finally:
        await wire.close()
    return said if isinstance(said, str) else None


def is_name(space: str) -> bool:
    """Whether a Space is named as the Hub names it, and not by an address."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+", space) is not None


def advice(stage: str | None) -> str:
    """Return what to do about a Space that did not answer, in a sentence that follows others; nothing where it runs."""
    if stage is None or stage.startswith("RUNNING"):
        return ""
    if stage in ("PAUSED", "STOPPED", "DELETING", "NO_APP_FILE") or stage.endswith("_ERROR"):
        return f" The Hub says {stage}: only its owner can start it."
    # Whatever else the Hub may say is on its way to running.
    return f" The Hub says {stage}: open its page once to wake it, and try again in a few minutes."
