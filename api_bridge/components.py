"""
Gradio's components as they stand in an app's `/config`, every generation's names made one.

`fields.py` and `predictions.py` say what they are in a contract; `NEVER` says why some
can not be asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from api_bridge.strict_json import Json


@dataclass(frozen=True)
class Component:
    """One component of an app, as its `/config` shows it."""

    type: str
    props: Mapping[str, Json]
    id: Json = None  # of use only beside the `/config` it was read from

    @classmethod
    def of(cls, said: Mapping[str, Json]) -> "Component":
        kind = re.sub("[^a-z0-9]", "", str(said["type"]).lower())
        props = said.get("props")
        return cls("state" if kind == "variable" else kind, props if isinstance(props, dict) else {}, said.get("id"))

    @property
    def label(self) -> str:
        label = self.props.get("label")
        # Gradio makes this one up where its author gave none.
        return "" if not isinstance(label, str) or re.fullmatch(r"parameter_\d+", label) else label.strip()

    @property
    def hidden(self) -> bool:
        """State is the Space's own: no visitor fills it in."""
        return self.type in ("state", "browserstate")

    @property
    def silent(self) -> bool:
        """Among outputs, what shows nothing that could be said: state, and parts of a page that come and go."""
        return self.hidden or self.type in SILENT

    @property
    def value(self) -> Json:
        """What it shows before anybody touched it; None where that is nothing, or a function's to say."""
        value = self.props.get("value", self.props.get("default"))
        return None if value in ("", [], {}) else value

    @property
    def many(self) -> bool:
        return self.props.get("file_count") in ("multiple", "directory") or bool(self.props.get("multiselect"))

    def choices(self) -> list[tuple[Json, str]]:
        """Each choice's value, and what it is called; since Gradio 3.40 they come in pairs of name and value."""
        given = self.props.get("choices")
        given = given if isinstance(given, list | tuple) else ()
        return [
            (choice[1], str(choice[0]))
            if isinstance(choice, list | tuple) and len(choice) == 2
            else (choice, str(choice))
            for choice in given
        ]


def slug(text: str) -> str:
    """A name for people as a name for fields: "Your photo!" → your_photo."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return words if words[:1].isalpha() else ""


# Buttons, clocks and parts of a page that come and go.
SILENT = {"button", "clearbutton", "duplicatebutton", "loginbutton", "uploadbutton", "timer", "dataset", "form", "box"}
SILENT |= {"column", "row", "tab", "tabs", "tabitem", "group", "accordion", "sidebar", "walkthrough", "step"}

NEVER = {
    "annotatedimage": "shows pictures with places on them, and takes none",
    "plot": "shows a plot, and takes none",
    "nativeplot": "shows a plot, and takes none",
    "fileexplorer": "chooses among the Space's own files",
    "timer": "is the Space's own clock",
    "button": "is a button whose text is an input",
    "dataset": "chooses among the Space's own examples",
    "timeseries": "went away with Gradio 4",
    "imageslider": "compares two pictures, which one field does not hold",
}
