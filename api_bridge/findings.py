"""What a change at a Space means: how grave it is, what a visitor sees, what the maintainer should do."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from api_bridge.strict_json import Json

SEVERITIES = ("breaking", "risky", "benign")  # the worst first
Note = tuple[str, str]  # a code, and the sentence that says what changed


@dataclass(frozen=True)
class Finding:
    """One change, and what it means to whom."""

    severity: str
    code: str
    what: str  # what changed
    visitor: str  # what a visitor would see
    remedy: str  # what the maintainer should do


FAILS = "Asking fails with “The model has changed”; the saved examples still answer."
REFUSED = "The page still takes it, and the Space refuses: “The model could not answer”."
BEHIND = "Everything works; the page does not offer it yet."
SAME = "Nothing looks different."
OLD = "Everything works; the page keeps its old words."
SHIFTED = "Each answer may stand under another's name, or asking fails with “The model has changed”."
MEANING = "The page may say what the model does not mean any more."
DIFFERS = "The saved answer and a fresh one are not the same."
LOOK = "Look at the Space, then run `python -m api_bridge check {demo} --accept`."
ACCEPT = "Nothing is urgent; `python -m api_bridge check {demo} --accept` takes it over."
TRY = "Ask it once on the page, then run `python -m api_bridge check {demo} --accept`."
UPDATE = "Update the bridge, and ask the Space once on the page."

# code: severity, what a visitor sees, what the maintainer should do
CODES = {
    "endpoint-gone": ("breaking", FAILS, LOOK),
    "endpoint-renamed": ("breaking", FAILS, LOOK),
    "dialect-unknown": ("breaking", FAILS, UPDATE),
    "dialect-client": ("risky", "Asking takes longer; it goes through Gradio's own client now.", UPDATE),
    "dialect-changed": ("risky", "Nothing, unless the new way of asking has a flaw.", TRY),
    "gradio-major": ("risky", "Nothing, unless the new Gradio answers in another form.", TRY),
    "gradio-minor": ("benign", SAME, ACCEPT),
    "step-removed": ("risky", "That part of the answer does not come any more.", LOOK),
    "step-added": ("benign", BEHIND, ACCEPT),
    "step-when": ("risky", "That part of the answer comes where it did not, or does not where it did.", LOOK),
    "step-not-pure": ("risky", "One visitor's question may change the next one's answer.", LOOK),
    "field-renamed": ("breaking", FAILS, LOOK),
    "field-removed": ("breaking", FAILS, LOOK),
    "field-added-required": ("breaking", FAILS, LOOK),
    "field-inserted": ("risky", "The page does not offer it; the Space uses its own default.", TRY),
    "field-added": ("benign", BEHIND, ACCEPT),
    "field-required": ("breaking", "Whoever leaves it empty, as the page allows, is refused.", LOOK),
    "field-optional": ("benign", "Everything works; the page still asks for it.", ACCEPT),
    "fields-reordered": ("risky", "The form keeps its old order; one value may be taken for another.", TRY),
    "kind-changed": ("breaking", REFUSED, LOOK),
    "control-changed": ("benign", "Everything works; the page draws it as before.", ACCEPT),
    "default-changed": ("risky", "Whoever leaves it alone gets the old default's answer.", LOOK),
    "limit-narrowed": ("breaking", REFUSED, LOOK),
    "limit-widened": ("benign", BEHIND, ACCEPT),
    "choice-removed": ("breaking", REFUSED, LOOK),
    "choice-added": ("benign", BEHIND, ACCEPT),
    "media-removed": ("breaking", REFUSED, LOOK),
    "media-added": ("benign", BEHIND, ACCEPT),
    "words-changed": ("benign", OLD, ACCEPT),
    "parameter-renamed": ("breaking", FAILS, LOOK),
    "parameter-removed": ("breaking", FAILS, LOOK),
    "parameter-added": ("breaking", FAILS, LOOK),
    "prediction-changed": ("breaking", FAILS, LOOK),
    "prediction-widened": ("risky", "Some answers fail with “The model has changed”.", LOOK),
    "prediction-narrowed": ("benign", SAME, ACCEPT),
    "output-removed": ("breaking", FAILS, LOOK),
    "output-renamed": ("risky", "The page shows it under its old name.", LOOK),
    "outputs-reordered": ("breaking", SHIFTED, LOOK),
    "output-inserted": ("risky", SHIFTED, LOOK),
    "output-added": ("benign", "Everything works; the page does not show it yet.", ACCEPT),
    "label-renamed": ("breaking", FAILS, LOOK),
    "label-removed": ("breaking", MEANING, LOOK),
    "labels-reordered": ("breaking", MEANING, LOOK),
    "label-added": ("risky", "An answer with the new label fails with “The model has changed”.", LOOK),
    "example-refused": ("breaking", FAILS, LOOK),
    "example-label-unknown": ("breaking", FAILS, LOOK),
    "example-label": ("risky", DIFFERS, LOOK),
    "example-confidence": ("risky", DIFFERS, LOOK),
    "example-changed": ("risky", DIFFERS, LOOK),
}


def worst(findings: Iterable[Finding]) -> str:
    """Return the severity of the worst finding, or "holds" where there is none."""
    found = {each.severity for each in findings}
    return next((severity for severity in SEVERITIES if severity in found), "holds")


def findings_of(notes: Iterable[Note], demo: str) -> list[Finding]:
    """Say each thing once, the worst of it first: what is now neither wider nor narrower is both."""
    found: dict[str, Finding] = {}
    for code, what in sorted(notes, key=lambda note: SEVERITIES.index(CODES[note[0]][0])):
        severity, visitor, remedy = CODES[code]
        found.setdefault(what, Finding(severity, code, what, visitor, remedy.format(demo=demo)))
    return list(found.values())


# --- in words


def bare(value: Json) -> Json:
    """What is compared of a value: of a file, its media type."""
    is_given = isinstance(value, dict) and isinstance(value.get("media"), str) and "size" in value
    return value["media"] if is_given else value


def told(value: Json) -> str:
    """A value as people read it: short, in one line, and texts in quotes."""
    value = bare(value)
    if value in (None, [], {}):
        return "nothing"
    if isinstance(value, str):
        return f"“{short(value)}”"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return short(", ".join(map(told, value)))
    if isinstance(value, dict):
        return short(", ".join(f"{name}: {told(part)}" for name, part in value.items()))
    return json.dumps(value)


def told_all(values: Sequence[Json]) -> str:
    return listed([told(value) for value in values])


def short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def listed(words: Sequence[str], nothing: str = "nothing") -> str:
    """["a", "b", "c"] → "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]])) or nothing
