"""
How the bridge is set up: one small TOML, the environment over it, the command line over both.

    settings = load(None, os.environ)                 # bridge.toml, where there is one, and TINYSPACES_PORT=8080
    settings = replace(settings, port=options.port)   # checked again
    print(shown(settings))                            # TOML that loads back to the same

The token is no setting: it stays in the environment, as HF_TOKEN, and is never shown.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

FILE = Path("bridge.toml")  # read where it is there; another one is named
PREFIX = "TINYSPACES_"


class SettingsError(ValueError):
    """A setting is not what it can be; the text says where it stands and what is wanted."""


@dataclass(frozen=True)
class Kind:
    """What a setting may be: in words, as a check, and how a text of the environment becomes one."""

    wanted: str
    holds: Callable[[Any], bool]
    read: Callable[[str], Any] = str


def _text(wanted: str, pattern: str) -> Kind:
    return Kind(wanted, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None)


def _several(one: Kind) -> Kind:
    def holds(value: Any) -> bool:
        return isinstance(value, tuple) and all(map(one.holds, value))

    return Kind(f"a list, each {one.wanted}", holds, lambda text: tuple(text.replace(",", " ").split()))


def _whole(low: int, high: int) -> Kind:
    return Kind(f"a whole number from {low} to {high}", lambda value: type(value) is int and low <= value <= high, int)


def _number(low: float, high: float) -> Kind:
    def holds(value: Any) -> bool:  # not true or false, which are numbers to Python, and not NaN
        return type(value) in (int, float) and low <= value <= high

    return Kind(f"a number from {low} to {high}", holds, float)


FOLDER = Kind("a folder", lambda value: isinstance(value, Path) and str(value).isprintable(), Path)
HOST = _text("an address to listen on, such as 127.0.0.1", r"[\w.:-]+")
# As browsers say it: an origin in other letters or with a path would never be met.
ORIGIN = _text("an origin in small letters without a path, such as https://you.github.io", r"https?://[^/\s@*A-Z]+")
# Neither a name before an @ nor a query: passwords hide there, and settings are shown.
SPACE = _text("a Space, such as user/name or https://…", r"[\w.-]+/[\w.-]+|https?://[^\s@?#]+")
HERE = Kind(f"{SPACE.wanted}, or nothing", lambda value: value is None or SPACE.holds(value), lambda text: text or None)
LOG = _text("“text” or “json”", "text|json")


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; making one, by `replace` too, raises `SettingsError` for what can not be."""

    demos: Annotated[Path, FOLDER, "the folder of demos"] = Path("site/demos")
    host: Annotated[str, HOST, "where to listen"] = "127.0.0.1"
    port: Annotated[int, _whole(1, 65535), "where to listen"] = 8001
    origins: Annotated[tuple[str, ...], _several(ORIGIN), "pages that may ask, exactly"] = ()
    here: Annotated[str | None, HERE, "the Space that contracts call `here`"] = None
    private: Annotated[tuple[str, ...], _several(SPACE), "Spaces that get the token in HF_TOKEN"] = ()
    patience: Annotated[float, _number(1, 120), "seconds a visitor is kept waiting at most"] = 30.0
    askers: Annotated[int, _whole(1, 1000), "questions a Space is asked at once"] = 4
    queue: Annotated[int, _whole(0, 10_000), "questions that wait for a Space"] = 16
    per_minute: Annotated[float, _number(0.1, 100_000), "questions of one client in a minute"] = 10.0
    burst: Annotated[int, _whole(1, 100_000), "questions of one client at once"] = 5
    trusted_hops: Annotated[int, _whole(0, 10), "proxies of yours before the bridge"] = 0
    kept_predictions: Annotated[int, _whole(0, 1_000_000), "predictions kept for who asks the same"] = 500
    kept_minutes: Annotated[float, _number(0, 100_000), "how long they are kept"] = 10.0
    workers: Annotated[int, _whole(1, 64), "processes that clean large photos"] = 1
    log: Annotated[str, LOG, "how the log is written"] = "text"
    came_from: Mapping[str, tuple[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, (kind, _) in KEYS.items():
            if not kind.holds(value := getattr(self, name)):
                raise SettingsError(f"`{name}` ({self.source(name)}) must be {kind.wanted}; it is {_told(value)}.")

    def source(self, name: str) -> str:
        """Return where a setting's value came from: a file, a variable, the default or the command line."""
        source, loaded = self.came_from.get(name, ("default", getattr(Settings, name)))
        value = getattr(self, name)
        return source if value is loaded or value == loaded else "command line"  # NaN is itself, and equals nothing


KEYS: dict[str, tuple[Kind, str]] = {
    name: hint.__metadata__
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if hasattr(hint, "__metadata__")
}


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """
    Return the settings in `path`, or in `bridge.toml` where there is one, and those in `environ` over them.

    Raises `SettingsError` for a key that is none, naming the near ones, for a value that can
    not be, and for a `path` that is not there.
    """
    found = {name: (str(path or FILE), value) for name, value in _in_file(path).items()}
    found |= {name: (_variable(name), value) for name, value in _in_environment(environ).items()}
    return Settings(**{name: value for name, (_, value) in found.items()}, came_from=found)


def shown(settings: Settings) -> str:
    """Return TOML that loads back to `settings`, each with what it is and where it came from."""
    lines = []
    for name, (_, about) in KEYS.items():
        value = getattr(settings, name)
        line = f"# {name} =" if value is None else f"{name} = {_toml(value)}"
        lines.append(f"{line}  # {about} ({settings.source(name)})\n")
    return "".join(lines)


def _in_file(path: Path | None) -> dict[str, Any]:
    try:
        found = tomllib.loads((path or FILE).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        if path is None:
            return {}
        raise SettingsError(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path or FILE} can not be read: {error}.") from error
    _known(found, str(path or FILE), str)
    return {name: _from_toml(name, value) for name, value in found.items()}


def _from_toml(name: str, value: Any) -> Any:
    if name == "demos" and isinstance(value, str):
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def _in_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    texts = {name.removeprefix(PREFIX).lower(): text for name, text in environ.items() if name.startswith(PREFIX)}
    _known(texts, "the environment", _variable)
    return {name: _from_text(KEYS[name][0], text) for name, text in texts.items()}


def _from_text(kind: Kind, text: str) -> Any:
    try:
        return kind.read(text)
    except ValueError:
        return text  # not what is wanted, as the check will say


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _known(names: Iterable[str], where: str, spelled: Callable[[str], str]) -> None:
    for name in names:
        if name not in KEYS:
            near = [f"`{spelled(each)}`" for each in difflib.get_close_matches(name, KEYS)]
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(map(spelled, KEYS))}."
            raise SettingsError(f"There is no setting `{spelled(name)}` ({where}). {hint}")


def _toml(value: Any) -> str:
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _told(value: Any) -> str:
    """A value as it was given, unless somebody put a secret where none belongs."""
    text = _toml(value) if isinstance(value, str | int | float | tuple | Path) else "of another kind"
    return "not repeated here" if re.search(r"[@?]|hf_", text) else text
