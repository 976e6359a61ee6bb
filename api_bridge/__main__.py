"""
The bridge from a terminal.

    python -m api_bridge serve --here http://127.0.0.1:7860 --origin http://127.0.0.1:8000
    python -m api_bridge ask catdog photo=cat.jpg --here http://127.0.0.1:7860
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from api_bridge.bridge import Bridge
from api_bridge.contract import Contract, File, load_all
from api_bridge.faults import Fault, InputRefused
from api_bridge.photos import describe
from api_bridge.recorded_space import RecordedSpace
from api_bridge.space import GradioSpace, Space


def main(words: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 answered, 2 the visitor's mistake, 4 the Space's."""
    options = _parser().parse_args(words)
    try:
        contracts = load_all(options.demos)
        if not contracts:
            print(f"No demo has a contract under {options.demos}: train one first.", file=sys.stderr)
            return 2
        if options.command == "serve":
            return _serve(contracts, options)
        return asyncio.run(_ask(contracts, options))
    except Fault as fault:
        print(f"{fault.title}. {fault.detail}", file=sys.stderr)
        return 4 if fault.status >= 500 else 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api_bridge", description="Ask Spaces on behalf of static pages.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer pages over HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8001)
    serve.add_argument("--origin", action="append", default=[], help="a page's origin; may be given again")
    ask = commands.add_parser("ask", help="ask one question and print the answer")
    ask.add_argument("demo")
    ask.add_argument("fields", nargs="*", metavar="field=value", help="a file's path for a field that takes a file")
    for command in (serve, ask):
        command.add_argument("--demos", type=Path, default=Path("site/demos"), help="the folder of demos")
        command.add_argument("--here", help="the Space that contracts call `here`; without it, their recordings answer")
    return parser


def _bridge(contracts: Mapping[str, Contract], here: str | None) -> Bridge:
    names = {str(step["space"]) for contract in contracts.values() for step in contract.json["steps"].values()}
    spaces: dict[str, Space] = {}
    for name in sorted(names):
        if name == "here" and here is None:
            spaces[name] = RecordedSpace(contracts)
        else:
            target = here if name == "here" and here else name
            # The token is for the Space its owner names here; a contract may name anybody's.
            token = os.environ.get("HF_TOKEN") if name == "here" and not target.startswith("http") else None
            spaces[name] = GradioSpace(target, token=token)
    return Bridge(contracts, spaces)


def _serve(contracts: Mapping[str, Contract], options: argparse.Namespace) -> int:
    import uvicorn

    from api_bridge.app import create_app, log_to_stderr

    log_to_stderr()
    app = create_app(_bridge(contracts, options.here), options.origin)
    uvicorn.run(app, host=options.host, port=options.port, access_log=False, proxy_headers=False)
    return 0


async def _ask(contracts: Mapping[str, Contract], options: argparse.Namespace) -> int:
    bridge = _bridge(contracts, options.here)
    try:
        contract = bridge.contract(options.demo)
        answer = await bridge.ask(options.demo, contract.read_form(_given(contract, options.fields)))
    finally:
        await bridge.close()
    print(json.dumps({"prediction": answer.prediction, "demo": answer.demo, "revision": answer.revision}, indent=2))
    return 0


def _given(contract: Contract, fields: list[str]) -> list[tuple[str, str | File]]:
    given: list[tuple[str, str | File]] = []
    for field in fields:
        name, _, text = field.partition("=")
        if contract.is_file(name):
            path = Path(text)
            if not path.is_file():
                raise InputRefused(f"There is no file {text}.", name)
            given.append((name, describe(path.read_bytes())))
        else:
            given.append((name, text))
    return given


if __name__ == "__main__":
    sys.exit(main())
