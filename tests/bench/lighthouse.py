"""Lighthouse, as a phone sees the pages: fetched by npx for the benchmark alone, it would double what the tests install."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSION = "13"
KINDS = ("performance", "accessibility", "best-practices", "seo")


def missing() -> str | None:
    """Fetch Lighthouse where it was not yet; return why there is none, or None where there is one."""
    if not shutil.which("npx"):
        return "there is no npx"
    done = subprocess.run([*_command(), "--version"], capture_output=True, text=True)
    return (
        None if done.returncode == 0 else f"npx could not fetch it: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    )


def scores(address: str, browser: str, folder: Path) -> tuple[dict[str, float], list[str]]:
    """Return what a page reaches of 100 in each of `KINDS`, and a line for each thing that costs it something."""
    report = folder / "lighthouse.json"
    flags = f"--headless=new --no-sandbox --user-data-dir={folder / 'lighthouse'}"
    words = [address, "--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={flags}"]
    done = subprocess.run(
        [*_command(), *words, f"--only-categories={','.join(KINDS)}"],
        env={**os.environ, "CHROME_PATH": browser},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"Lighthouse did not look at {address}: {done.stderr.strip().splitlines()[-1]}")
    told = json.loads(report.read_text(encoding="utf-8"))
    lost = []
    for name in KINDS:
        for each in told["categories"][name]["auditRefs"]:
            audit = told["audits"][each["id"]]
            if each["weight"] and audit["score"] is not None and audit["score"] < 1:
                lost.append(f"{name}: {audit['title']} {audit.get('displayValue', '')}".rstrip())
    return {name: round(told["categories"][name]["score"] * 100) for name in KINDS}, lost


def _command() -> list[str]:
    # The Node that stands beside this Python: Lighthouse wants a newer one than many systems have.
    return [
        shutil.which("npx", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}") or "npx",
        "--yes",
        f"lighthouse@{VERSION}",
    ]
