"""
The bridge between a static page and the Spaces that answer for it.

    page ─ask─▶ app ─▶ bridge ─▶ space ─▶ Gradio
                         │
                      contract, checked before and after
"""

from api_bridge.app import create_app, log_to_stderr
from api_bridge.bridge import Answer, Bridge
from api_bridge.contract import Contract, File, load, load_all
from api_bridge.faults import Fault
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
