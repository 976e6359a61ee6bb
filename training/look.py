"""
Look at what a model has learned from, once it is trained.

    python -m training.look report site/demos/bears       what it got wrong, as a page
    python -m training.look clean site/demos/bears        mark photos to keep, to delete, to relabel
    python -m training.look restore site/demos/bears      move back what cleaning moved last
"""

import argparse
import sys
from pathlib import Path

from training.faults import in_words
from training.kept import kept


def main(words: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(words)
    folder = kept(options.demo)
    with in_words():
        if options.command == "report":
            from training import report

            print(f"Open {report.write(folder)}")
        elif options.command == "restore":
            from training.cleaning.plan import restored

            print("\n".join(restored(folder)))
        else:
            from training.cleaning.server import clean

            clean(folder, options.port, show=not options.no_open)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.look", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, about in (
        ("report", "write the page that shows what the model got wrong"),
        ("clean", "serve the page where photos are marked, and moved when that is asked for"),
        ("restore", "move back what was moved last"),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("demo", type=Path, help="the demo's folder, such as site/demos/bears")
        if name == "clean":
            command.add_argument("--port", type=int, default=0, help="of this machine; any free one without it")
            command.add_argument("--no-open", action="store_true", help="do not open the page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
