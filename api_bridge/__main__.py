"""
The bridge from a terminal.

    python -m api_bridge add user/space                             make a demo of any Space
    python -m api_bridge check                                      hold every contract against its Space
    python -m api_bridge ask catdog photo=cat.jpg --here http://127.0.0.1:7860
    python -m api_bridge serve --here http://127.0.0.1:7860 --origin http://127.0.0.1:8000

Exit codes: 0 done. 2 what was asked can not be done. 4 a Space is asleep or out of reach. 5 the command
itself is wrong. `check` has its own: 0 holds, 1 benign under --strict, 2 risky, 3 breaking, 4, 5.
"""

import argparse
import asyncio
import json
import os
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from api_bridge import report
from api_bridge.add import accept, add, named
from api_bridge.admission import Gate
from api_bridge.bridge import Bridge
from api_bridge.check import check, said_of
from api_bridge.contract import Contract, load_all
from api_bridge.contract import load as load_one
from api_bridge.faults import ContractBroken, ContractUnreadable, DemoUnknown, Fault, InputRefused, SpaceFault
from api_bridge.findings import Finding
from api_bridge.hub import advice, stage
from api_bridge.learn import NotCarried
from api_bridge.media import File, each_file, ending_of
from api_bridge.photos import describe
from api_bridge.recorded_space import RecordedSpace
from api_bridge.settings import Settings, SettingsError, load, shown
from api_bridge.space import GradioSpace, Space, address
from api_bridge.strict_json import Json
from api_bridge.transcript import RecordingWire
from api_bridge.wire import HttpWire

Contracts = Mapping[str, Contract]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(5, f"{self.prog}: {message}\n")


def main(words: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(words)
    try:
        if options.command == "add":
            return asyncio.run(_add(options))
        if options.command == "serve":
            return _serve(_settings(options), options.show_config)
        contracts = _all(options.demos)
        return asyncio.run(_check(contracts, options) if options.command == "check" else _ask(contracts, options))
    except (NotCarried, SettingsError) as reason:
        _say(str(reason))
        return 2
    except KeyboardInterrupt:
        _say("Stopped.")
        return 130
    except ContractUnreadable as fault:
        _say(f"{fault.title}. {fault.detail}")
        return 3 if options.command == "check" else 2
    except Fault as fault:
        _say(f"{fault.title}. {fault.detail}")
        away = fault.status >= 500 and not (isinstance(fault, ContractBroken) and options.command == "add")
        return 4 if away else 2


def _say(text: str) -> None:
    """Tell the person at the keyboard, without what a Space's words could do to a terminal."""
    for each in text.split("\n"):
        print(" " * (len(each) - len(each.lstrip(" "))) + report.line(each), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m api_bridge", description="Ask Spaces on behalf of static pages.")
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("add", help="make a demo of any Space")
    new.add_argument("space", help="user/name, its page on Hugging Face, or an address")
    new.add_argument("--endpoint", help="which of its functions, such as /predict")
    new.add_argument("--demo", help="the demo's name: its folder and its address")
    held = commands.add_parser("check", help="hold contracts against their Spaces")
    held.add_argument("names", nargs="*", metavar="DEMO", help="only these")
    held.add_argument("--json", action="store_true", help="the outcome as JSON")
    held.add_argument("--github", action="store_true", help="the outcome as a workflow's annotations")
    held.add_argument("--markdown", type=Path, metavar="FILE", help="write the outcome as an issue's text")
    held.add_argument("--status", type=Path, metavar="FILE", help="write what the site's status page shows")
    held.add_argument("--origin", help="the page's origin, such as https://you.github.io: may it read the answers?")
    held.add_argument("--accept", action="store_true", help="write what changed as the contract's next revision")
    held.add_argument("--record", type=Path, metavar="FOLDER", help="keep what was said there, without addresses")
    held.add_argument("--strict", action="store_true", help="exit with 1 for benign changes")
    serve = commands.add_parser("serve", help="answer pages over HTTP")
    serve.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML (bridge.toml, where it is there)")
    serve.add_argument("--show-config", action="store_true", help="print the settings and where each is from")
    serve.add_argument("--host", help="where to listen (127.0.0.1)")
    serve.add_argument("--port", type=int, help="where to listen (8001)")
    serve.add_argument("--origin", action="append", help="a page's origin; may be given again")
    serve.add_argument("--demos", type=Path, help="the folder of demos (site/demos)")
    serve.add_argument("--private", action="append", metavar="SPACE", help="a Space that gets the token in HF_TOKEN")
    serve.add_argument("--here", help="the Space that contracts call `here`")
    ask = commands.add_parser("ask", help="ask one question and print the answer")
    ask.add_argument("demo")
    ask.add_argument("fields", nargs="*", metavar="field=value", help="a file's path for a field that takes a file")
    ask.add_argument("--save", type=Path, default=Path("answers"), help="the folder for files in the answer (answers)")
    for command in (new, held, ask):
        command.add_argument("--demos", type=Path, default=Path("site/demos"), help="the folder of demos")
        command.add_argument(
            "--private", action="append", default=[], metavar="SPACE", help="a Space that gets the token in HF_TOKEN"
        )
    for command in (held, ask):
        command.add_argument("--here", help="the Space that contracts call `here`")
    return parser


def _gradio(space: str, options: argparse.Namespace) -> GradioSpace:
    return GradioSpace(space, token=_token(space, options))


def _token(space: str, options: argparse.Namespace) -> str | None:
    """The token goes to Spaces that its owner named, and to no other; a contract may name anybody's."""
    trusted = {*options.private, getattr(options, "here", None)}
    return os.environ.get("HF_TOKEN") if space in trusted else None


# --- add


async def _add(options: argparse.Namespace) -> int:
    name = named(options.space)
    space = _gradio(name, options)
    try:
        print(f"Asking {name} …", file=sys.stderr)
        folder, notes = await add(space, name, options.endpoint, options.demo, options.demos)
    except SpaceFault as fault:
        fault.detail += advice(await stage(name, _token(name, options)))
        raise
    finally:
        await space.close()
    for note in notes:
        _say(f"Note: {note}")
    print(f"{folder} is there. Look at it, give it words in demo.toml and index.md, then run `python build.py`.")
    return 0


# --- check


async def _check(contracts: Contracts, options: argparse.Namespace) -> int:
    if unknown := [name for name in options.names if name not in contracts]:
        raise DemoUnknown(f"There is no demo “{unknown[0]}” here. There are: {', '.join(contracts)}.")
    wanted = [contracts[name] for name in options.names] or list(contracts.values())
    outcomes = []
    for contract in wanted:
        if sys.stderr.isatty():
            print(f"Checking {contract.demo} …", file=sys.stderr)
        outcomes.append(await _check_one(contract, options))
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(report.as_markdown(outcomes) + "\n", encoding="utf-8")
    if options.status:
        _write_json(options.status, report.as_status(outcomes, datetime.now(UTC)))
    if options.github and (text := report.as_github(outcomes)):
        # Beside JSON the annotations go where a workflow reads them as well.
        print(text, file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(report.as_json(outcomes), indent=2, ensure_ascii=False))
    elif not options.github:
        print(report.as_text(outcomes))
    return report.exit_code(outcomes, options.strict)


async def _check_one(contract: Contract, options: argparse.Namespace) -> report.Outcome:
    names = {
        str(step["space"]): (options.here or _site_space(options.demos)) if step["space"] == "here" else step["space"]
        for step in contract.json["steps"].values()
    }
    wires = {at: RecordingWire(HttpWire(address(name), token=_token(name, options))) for at, name in names.items()}
    spaces = {at: GradioSpace(name, wire=wires[at]) for at, name in names.items()}
    name = next(iter(names.values()))
    held = (options.origin, _token(name, options), name)
    try:
        outcome = await check(contract, spaces, said_of(contract.folder), *held)
        if options.accept and outcome.findings and outcome.state != "asleep":
            contract = await _accept(contract, next(iter(spaces.values())))
            outcome = await check(contract, spaces, said_of(contract.folder), *held)
    except Exception as error:  # whatever one demo does, the others are checked
        outcome = report.Outcome(contract.demo, name, "breaking", (_unforeseen(contract, error),))
    finally:
        for space in spaces.values():
            await space.close()
    if options.record:
        options.record.mkdir(parents=True, exist_ok=True)
        for number, wire in enumerate(wires.values(), 1):
            more = f"-{number}" if number > 1 else ""
            _write_json(options.record / f"{contract.demo}{more}.json", wire.transcript())
    return outcome


def _unforeseen(contract: Contract, error: Exception) -> Finding:
    """What kept a demo from being checked, in its own words where it has any."""
    told = error.detail if isinstance(error, Fault) else str(error)
    words = told if isinstance(error, Fault | NotCarried) else f"{type(error).__name__}: {told}"
    return Finding(
        "breaking",
        "not-checked",
        f"It could not be checked, or not be accepted: {words}",
        "Perhaps nothing; perhaps the page fails.",
        f"Mend that, then run `python -m api_bridge check {contract.demo}` again.",
    )


async def _accept(contract: Contract, space: GradioSpace) -> Contract:
    made, notes = await accept(space, contract, said_of(contract.folder))
    for note in notes:
        _say(f"Note: {note}")
    _say(f"{contract.demo}: revision {made['revision']} is written; look at its diff.")
    return load_one(contract.folder)


def _site_space(demos: Path) -> str:
    """The Space that the site asks: what its demos mean by `here`."""
    try:
        return str(tomllib.loads((demos.parent / "site.toml").read_text(encoding="utf-8"))["space"])
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        raise DemoUnknown("Where is the Space that contracts call `here`? Say so with --here.") from error


def _write_json(path: Path, value: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


# --- serve and ask


def _bridge(contracts: Contracts, settings: Settings) -> Bridge:
    names = {str(step["space"]) for contract in contracts.values() for step in contract.json["steps"].values()}
    spaces: dict[str, Space] = {}
    for name in sorted(names):
        if name == "here" and settings.here is None:
            spaces[name] = RecordedSpace(contracts)
        else:
            space = str(settings.here) if name == "here" else name
            trusted = space in settings.private or name == "here"
            spaces[name] = GradioSpace(space, token=os.environ.get("HF_TOKEN") if trusted else None)
    return Bridge(
        contracts,
        spaces,
        patience=settings.patience,
        inside=settings.askers,
        waiting=settings.queue,
        workers=settings.workers,
        kept=settings.kept_predictions,
        kept_seconds=settings.kept_minutes * 60,
    )


def _settings(options: argparse.Namespace) -> Settings:
    """The file's, the environment's over them, and the command line's over both."""
    given = {
        "demos": options.demos,
        "host": getattr(options, "host", None),
        "port": getattr(options, "port", None),
        "origins": tuple(options.origin) if getattr(options, "origin", None) else None,
        "here": options.here,
        "private": tuple(options.private) if options.private else None,
    }
    loaded = load(getattr(options, "config", None), os.environ)
    return replace(loaded, **{name: value for name, value in given.items() if value is not None})


def _serve(settings: Settings, show: bool) -> int:
    if show:
        print(shown(settings), end="")
        return 0
    from api_bridge.app import create_app, log_to_stderr
    from api_bridge.serving import Server

    log_to_stderr(settings.log)
    gate = Gate(time.monotonic, settings.per_minute, settings.burst)
    bridge = _bridge(_all(settings.demos), settings)
    app = create_app(bridge, settings.origins, gate, settings.trusted_hops)
    print(f"The bridge: http://{settings.host}:{settings.port}/v1/demos", flush=True)
    Server(app, bridge, settings.host, settings.port).run()
    return 0


def _all(demos: Path) -> Contracts:
    contracts = load_all(demos)
    if not contracts:
        raise NotCarried(f"No demo has a contract under {demos}: add or train one first.")
    return contracts


async def _ask(contracts: Contracts, options: argparse.Namespace) -> int:
    bridge = _bridge(contracts, _settings(options))
    try:
        contract = bridge.contract(options.demo)
        answer = await bridge.ask(options.demo, contract.read_form(_given(contract, options.fields)))
    finally:
        await bridge.close()
    prediction = _saved(answer.prediction, bridge, options.save)
    print(json.dumps({"prediction": prediction, "demo": answer.demo, "revision": answer.revision}, indent=2))
    return 0


def _saved(prediction: Json, bridge: Bridge, to: Path) -> Json:
    """Write the files of an answer into the folder `to`, and name them where they are."""

    def save(file: File) -> dict[str, Json]:
        to.mkdir(parents=True, exist_ok=True)
        path = to / Path(str(bridge.files.keep(file)["file"])).name
        path.write_bytes(file.content)
        return {**file.described(), "file": str(path)}

    return each_file(bridge.files.within(prediction), save)


def _given(contract: Contract, fields: list[str]) -> list[tuple[str, str | File]]:
    given: list[tuple[str, str | File]] = []
    for field in fields:
        name, _, text = field.partition("=")
        message = contract.fields.get(name, {}).get("kind") == "message"
        if contract.holds_files(name) and not (message and not Path(text).is_file()):
            path = Path(text)
            if not path.is_file():
                raise InputRefused(f"There is no file {text}.", name)
            given.append((name, describe(path.read_bytes(), ending_of(path.name))))
        else:
            given.append((name, text))
    return given


if __name__ == "__main__":
    sys.exit(main())
