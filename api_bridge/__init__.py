"""
The bridge between a static page and the Spaces that answer for it.

    page ─ask─▶ app ─▶ bridge ─▶ space ─▶ Gradio
                         │
                      contract, checked before and after

Each name is fetched when it is first used: who reads a contract need not wait for a web server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api_bridge.app import create_app, log_to_stderr
    from api_bridge.bridge import Answer, Bridge
    from api_bridge.contract import Contract, load, load_all
    from api_bridge.faults import Fault
    from api_bridge.media import File
    from api_bridge.recorded_space import RecordedSpace
    from api_bridge.space import GradioSpace, Space

__all__ = [
    "Answer",
    "Bridge",
    "Contract",
    "Fault",
    "File",
    "GradioSpace",
    "RecordedSpace",
    "Space",
    "create_app",
    "load",
    "load_all",
    "log_to_stderr",
]

_HOMES = {
    "app": ("create_app", "log_to_stderr"),
    "bridge": ("Answer", "Bridge"),
    "contract": ("Contract", "load", "load_all"),
    "faults": ("Fault",),
    "media": ("File",),
    "recorded_space": ("RecordedSpace",),
    "space": ("GradioSpace", "Space"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
