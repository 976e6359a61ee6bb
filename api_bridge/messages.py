"""What pages say in every language: one file, `site/messages.toml`, for templates, Python and site/js/words.js."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from api_bridge.words import Say

Message = str | dict[str, str]  # as one text, or one for each plural of the language


class MessagesError(Exception):
    """The file of messages is not what it should be; the text says where, and what to do."""


@dataclass(frozen=True)
class Messages:
    """Every text of the pages, by language and key."""

    languages: Mapping[str, Mapping[str, str]]  # such as de → its name and direction, in the order of the file
    texts: Mapping[str, Mapping[str, Message]]

    def say(self, language: str) -> Say:
        """
        Return what says messages in `language`; it raises `MessagesError` for one that nobody has written.

        Of plurals it knows `one` and `other`, which is enough for what is counted when a site is built.
        """
        texts = self.texts[language]

        def say(key: str, **about: str | int) -> str:
            if key not in texts:
                raise MessagesError(f"site/messages.toml has no “{key}”.")
            message = texts[key]
            if isinstance(message, dict):
                message = message.get("one" if about["count"] == 1 else "other", message["other"])
            return re.sub(r"\{(\w+)\}", lambda name: str(about.get(name[1], name[0])), message)

        return say


def load(path: Path) -> Messages:
    """Return the messages in the file at `path`, or raise `MessagesError`."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MessagesError(f"{path} can not be read: {error}.") from error
    languages = told.pop("languages", {})
    flat = dict(_flat(told, languages))
    for key, each in flat.items():
        for language in languages:
            if language not in each or not _whole(each[language]):
                raise MessagesError(f"{path}: “{key}” needs a text in {language}, and an `other` among plurals.")
            if _names(each[language]) != _names(each[next(iter(languages))]):
                raise MessagesError(f"{path}: “{key}” names other {{…}} in {language} than in the first language.")
    return Messages(languages, {name: {key: each[name] for key, each in flat.items()} for name in languages})


def _flat(
    told: Mapping[str, object], languages: Mapping[str, object], above: str = ""
) -> Iterator[tuple[str, dict[str, Message]]]:
    """Yield each message's key, with dots, and its texts by language."""
    for name, each in told.items():
        if not isinstance(each, dict):
            raise MessagesError(f"site/messages.toml: “{above}{name}” is a text of no language.")
        if each.keys() & languages.keys():
            yield above + name, each
        else:
            yield from _flat(each, languages, f"{above}{name}.")


def _whole(message: object) -> bool:
    return isinstance(message, str) or (isinstance(message, dict) and isinstance(message.get("other"), str))


def _names(message: Message) -> set[str]:
    texts = [message] if isinstance(message, str) else [message["other"]]
    return {name for text in texts for name in re.findall(r"\{(\w+)\}", text)}
