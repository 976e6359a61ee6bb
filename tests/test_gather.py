"""From words to a folder of photos: a real search, real servers, and everything that comes between."""

import csv
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import ROOT, free_port
from pictures import picture
from PIL import Image
from search_server import bing, duckduckgo, search_server
from servers import says, server

from training.gather import GatherError
from training.gather import gather as gathered
from training.gathering import links, web


def gather(*words, **options):
    """What the command does, in a thread of its own: Playwright holds this one's event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(gathered, *words, **options).result()


def here(address: str) -> bool:
    """What tests may connect to: this machine as 127.0.0.1, and nothing else."""
    return address == "127.0.0.1"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Nobody has to be spared here."""
    monkeypatch.setattr(links, "PAUSE", 0)
    monkeypatch.setattr(web, "WAIT", 0)


def command(*words: object, **how) -> subprocess.CompletedProcess[str]:
    """`python -m training.gather` as a process of its own."""
    line = [sys.executable, "-m", "training.gather", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120, **how)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(folder: Path) -> list[str]:
    """The manifest's, as long as somebody writes it."""
    path = folder / "manifest.csv"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def until(done, seconds: float = 60) -> None:
    """Wait for another process."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.002)


def photos(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.csv")


def whole(folder: Path) -> bool:
    """Every file among the photos can be read to its end."""
    for path in photos(folder):
        with Image.open(path) as image:
            image.load()
    return True


def csv_of(folder: Path, *rows: tuple[str, str]) -> Path:
    path = folder / "links.csv"
    path.write_text("label,url\n" + "".join(f"{label},{url}\n" for label, url in rows), encoding="utf-8")
    return path


class Pictures:
    """A server of drawn pictures, by number: /<number>.jpg; it counts, and may hold some back."""

    def __init__(self, **more):
        self.asked: Counter[str] = Counter()
        self.more = more

    def __call__(self, request):
        name = request.path.partition("?")[0].strip("/")
        self.asked[name] += 1
        if name in self.more:
            return self.more[name](request)
        return says(200, picture(int(name.partition(".")[0])))(request)


BEARS = {"grizzly bear": range(40), "black bear": range(100, 140)}


def engine_of(where: str):
    """DuckDuckGo that knows two kinds of bears."""

    def answer(asked, query):
        if asked == "duckduckgo.com/":
            return 200, 'vqd="4-123"'
        if asked != "duckduckgo.com/i.js" or "s" in query:
            return 200, bing([])
        return 200, duckduckgo([f"{where}/{number}.jpg?size=l" for number in BEARS.get(query["q"], [])])

    return answer


def test_from_words_to_a_folder_of_photos(tmp_path, capsys):
    """The first command of the README: so many of each, in folders that training reads, and where each is from."""
    pictures, to = Pictures(), tmp_path / "bears"
    with server(pictures) as where, search_server(engine_of(where), tmp_path) as engine:
        outcome = gather(["grizzly=grizzly bear", "black bear"], to=to, each=6, ddgs=engine.ddgs, public=here)
        first = pictures.asked.total()
        assert gather(["grizzly=grizzly bear", "black bear"], to=to, each=6, ddgs=engine.ddgs, public=here).kept == 0
        again = pictures.asked.total(), len(engine.asked)
    assert {path.name: len(photos(path)) for path in to.iterdir() if path.is_dir()} == {"grizzly": 6, "black bear": 6}
    assert whole(to)
    assert all(row["source"].startswith("https://pages.example/") for row in rows(to))
    # Not a picture more than wanted, and the second time nobody is asked at all.
    assert first == 12
    assert again == (12, 4)
    assert "grizzly: 40 links" in capsys.readouterr().out
    assert str(outcome) == f"{to}: black bear 6, grizzly 6. manifest.csv says where each is from."


def test_a_second_run_asks_for_what_is_missing(tmp_path):
    """--each 9 after --each 6 fetches three, and none that it has."""
    pictures, to = Pictures(), tmp_path / "bears"
    with server(pictures) as where, search_server(engine_of(where), tmp_path) as engine:
        for each in (6, 9):
            gather(["grizzly bear"], to=to, each=each, ddgs=engine.ddgs, public=here)
    assert len(photos(to)) == 9
    assert set(pictures.asked.values()) == {1}


def test_all_that_the_web_is_full_of(tmp_path):
    """Pages called .jpg, half photos, copies, dead links: left out, counted, kept aside; the manifest says why."""
    broken = {
        "1.jpg": says(200, b"<html>Please log in</html>", Content_Type="image/jpeg"),
        "2.jpg": says(200, picture(2)[:-3000]),
        "3.jpg": says(200, picture(0, size=(120, 90), quality=50)),
        "4.jpg": says(404),
        "5.jpg": says(302, b"", Location="http://10.0.0.1/5.jpg"),
        "6.jpg": says(500),
    }
    pictures, to = Pictures(**broken), tmp_path / "bears"
    with server(pictures) as where:
        # In two steps: of two copies that come at once either may be the first.
        gather(to=to, source=csv_of(tmp_path, ("grizzly", f"{where}/0.jpg")), public=here)
        some = csv_of(
            tmp_path, *(("grizzly", f"{where}/{n}.jpg") for n in range(10)), ("black", f"{where}/0.jpg?again")
        )
        outcome = gather(to=to, source=some, public=here)
        told = str(outcome)
        pictures.more.clear()
        later = gather(to=to, source=some, public=here)
    assert "7 of 10 were left out" in told
    assert "left out: copies of others (2); " in told
    for reason in ("no JPEG, PNG or WebP", "damaged", "gone", "in a private network", "their host failed"):
        assert f" {reason} (1)" in told
    assert "0.jpg" not in told
    assert "also came as black" in told
    assert (outcome.album.count, whole(to)) == ({"grizzly": 4}, True)
    why = {row["url"].rpartition("/")[2]: row["left_out"] for row in rows(to)}
    assert (why["1.jpg"], why["4.jpg"], why["5.jpg"]) == ("no JPEG, PNG or WebP", "gone", "in a private network")
    # What may come is asked again, the rest is not; what looked like a photo lies in the bin.
    assert (later.kept, pictures.asked["6.jpg"], pictures.asked["4.jpg"]) == (1, 2, 1)
    assert len(photos(tmp_path / "bears-bin")) == 3


KILLED = """
import sys
from pathlib import Path
from training.gather import gather
gather(to=Path(sys.argv[2]), source=Path(sys.argv[1]), public=lambda address: True)
"""


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    """No half photo is left among the photos, and what is there is not fetched again."""
    go_on, halfway = threading.Event(), threading.Semaphore(0)

    def half(request):
        content = picture(int(request.path.strip("/").partition(".")[0]))
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        with suppress(OSError):
            request.wfile.write(content[:1000])
            request.wfile.flush()
            halfway.release()
            go_on.wait(60)

    slow = {f"{n}.jpg": half for n in (3, 4)}
    pictures, to = Pictures(**slow), tmp_path / "bears"
    with server(pictures) as where:
        some = csv_of(tmp_path, *(("grizzly", f"{where}/{n}.jpg") for n in range(9)))
        process = subprocess.Popen([sys.executable, "-c", KILLED, some, to], cwd=ROOT)
        try:
            assert halfway.acquire(timeout=60)
            assert halfway.acquire(timeout=60)  # both of the host's turns are taken by halves
            until(lambda: len(lines(to)) == 4)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        go_on.set()
        assert len(rows(to)) == 3
        assert whole(to)
        assert not list(to.rglob("*.part"))
        there = {row["url"].rpartition("/")[2] for row in rows(to)}
        pictures.more.clear()
        assert gather(to=to, source=some, public=here).album.count == {"grizzly": 9}
    assert all(pictures.asked[name] == 1 for name in there)
    assert all(pictures.asked[name] == 2 for name in slow)


def mine(folder: Path, number: int, size: tuple[int, int] = (240, 180)) -> Path:
    """A folder of so many pictures of one label."""
    (folder / "mine/grizzly").mkdir(parents=True)
    for each in range(number):
        (folder / "mine/grizzly" / f"{each:03}.jpg").write_bytes(picture(each, size))
    return folder / "mine"


def test_a_run_that_is_killed_at_any_moment_leaves_whole_photos(tmp_path):
    """Again and again, at moments that nobody chose: everything among the photos can be read, and the end is the same."""
    source, to = mine(tmp_path, 50), tmp_path / "bears"
    for kill in range(5):
        process = subprocess.Popen([sys.executable, "-m", "training.gather", "--from", source, "--to", to], cwd=ROOT)
        until(lambda: len(lines(to)) > 9 * kill + 2)  # noqa: B023 - it is called in this very round
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        for path in to.glob("*/[!.]*"):
            with Image.open(path) as image:
                image.load()
    assert gather(to=to, source=source).album.count == {"grizzly": 50}
    assert len(rows(to)) == len({row["file"] for row in rows(to)}) == 50
    assert not list(to.rglob("*.part"))


def test_a_run_that_is_killed_while_it_writes_leaves_no_half_photo(tmp_path):
    """The system ends it at byte 60,000 of a photo: among the photos there is nothing of it."""

    def limits():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    source, to = mine(tmp_path, 3), tmp_path / "bears"
    (source / "grizzly/002.jpg").write_bytes(picture(2, (2400, 1800)))
    program = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n" + KILLED
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", program, source, to], cwd=ROOT, preexec_fn=limits, env=quiet)
    assert done.returncode == -signal.SIGXFSZ
    assert [path.stat().st_size for path in to.glob("*/.*.part")] == [60_000]
    assert [path.name[0] == "." for path in photos(to)].count(False) == 2
    assert gather(to=to, source=source).album.count == {"grizzly": 3}
    assert whole(to)


def test_ctrl_c_is_answered_in_a_sentence(tmp_path):
    """Whoever stops it is told that nothing is lost, without twenty lines of Python."""
    line = [
        sys.executable,
        "-m",
        "training.gather",
        "--from",
        mine(tmp_path, 240, (1200, 900)),
        "--to",
        tmp_path / "bears",
    ]
    process = subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    until(lambda: lines(tmp_path / "bears"))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said == "Stopped. What is there is whole; the same command goes on from here.\n"
    assert process.returncode == 1
    assert whole(tmp_path / "bears")


def test_a_person_sees_how_far_it_is(tmp_path):
    """In a terminal there is a bar, as fastai draws it, and the paragraph begins on a line of its own."""
    ours, theirs = os.openpty()
    line = [sys.executable, "-m", "training.gather", "--from", mine(tmp_path, 8), "--to", tmp_path / "bears"]
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(line, cwd=ROOT, stdout=theirs)
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # Linux says so at the end
            while part := terminal.read(4096):
                seen += part
        assert process.wait(10) == 0
    assert "[8/8" in seen.decode()
    assert f"\n{tmp_path / 'bears'}: grizzly 8." in seen.decode().replace("\r\n", "\n")


def test_a_full_disk_is_one_sentence_and_nothing_half(tmp_path):
    """A photo that does not fit is not there at all, and the manifest speaks of those that are."""

    def limits():
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    source, to = mine(tmp_path, 9), tmp_path / "bears"
    for number in range(3, 9):
        (source / f"grizzly/00{number}.jpg").write_bytes(picture(number, (480, 360)))
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = command("--from", source, "--to", to, preexec_fn=limits, env=quiet)
    assert (done.returncode, done.stderr) == (
        1,
        "The disk is full. What is there is whole: make room, and give the same command again.\n",
    )
    assert [len(photos(to)), len(rows(to))] == [3, 3]
    assert whole(to)
    assert command("--from", source, "--to", to).returncode == 0
    assert len(photos(to)) == 9


def test_a_full_disk_leaves_no_half_line(tmp_path):
    """The manifest ends with a whole line, and the next run adds to it."""

    def limits():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    source, to = mine(tmp_path, 30, (32, 24)), tmp_path / "bears"
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = command("--from", source, "--to", to, preexec_fn=limits, env=quiet)
    assert "disk is full" in done.stderr
    text = (to / "manifest.csv").read_bytes()
    assert text.endswith(b"\n")
    assert 0 < len(text) <= 2_000
    assert command("--from", source, "--to", to).returncode == 0
    assert len(rows(to)) == len(photos(to)) == 30


def test_a_folder_is_copied_and_its_order_decides(tmp_path):
    """Photos that one has already are cleaned the same way, stay where they are, and come out the same twice."""
    source = tmp_path / "mine"
    for label, number, name in (
        ("teddy", 1, "b.jpg"),
        ("teddy", 1, "a.png"),
        ("black", 2, "c.webp"),
        ("teddy", 3, "d.jpg"),
    ):
        (source / label).mkdir(parents=True, exist_ok=True)
        kind = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.partition(".")[2]]
        size = (1600, 1200) if name == "a.png" else (240, 180)  # it takes longest to read, and is still the first
        (source / label / name).write_bytes(picture(number, size, kind))
    (source / "teddy/notes.txt").write_text("Mine.")
    before = {path: path.read_bytes() for path in photos(source)}
    done = command("--from", source, "--to", tmp_path / "bears")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{tmp_path / 'bears'}: black 1, teddy 2. 2 of 5 were left out: ")
    assert "copies of others (1)" in done.stdout
    assert "\r" not in done.stdout  # no progress bar where nobody looks
    assert {row["source"]: bool(row["left_out"]) for row in rows(tmp_path / "bears")} == {
        "black/c.webp": False,
        "teddy/a.png": False,
        "teddy/b.jpg": True,
        "teddy/d.jpg": False,
        "teddy/notes.txt": True,
    }
    assert {path: path.read_bytes() for path in photos(source)} == before
    (binned,) = [row["file"] for row in rows(tmp_path / "bears") if row["source"] == "teddy/b.jpg"]
    done = command("--to", tmp_path / "bears", "--restore", binned)
    assert (done.returncode, done.stdout) == (0, f"{binned} is in {tmp_path / 'bears'} again.\n")
    assert command("--from", source, "--to", tmp_path / "bears").stdout.startswith(
        f"{tmp_path / 'bears'}: black 1, teddy 3."
    )


def test_one_search_that_fails_keeps_no_other_from_its_photos(tmp_path):
    """Two bears are there, the third is told by name, and the same command asks for it again."""
    pictures, to = Pictures(), tmp_path / "bears"
    with server(pictures) as where, search_server(engine_of(where), tmp_path) as engine:
        outcome = gather(["grizzly bear", "yeti"], to=to, each=3, ddgs=engine.ddgs, public=here)
        assert outcome.album.count == {"grizzly bear": 3}
        (said,) = outcome.unsearched
        assert said.startswith("yeti: The search has no pictures of “yeti”")
        assert "Fewer than 3 were found of yeti (0)." in str(outcome)
        with pytest.raises(GatherError, match="no pictures of “yeti”"):
            gather(["yeti"], to=tmp_path / "yetis", each=3, ddgs=engine.ddgs, public=here)
    assert not (tmp_path / "yetis").exists()


def test_offline_is_said_once(tmp_path):
    """Not thirty times that a host is out of reach."""
    some = csv_of(tmp_path, *(("bear", f"http://127.0.0.1:{free_port()}/{n}.jpg") for n in range(2)))
    with pytest.raises(GatherError, match=r"^Not one photo came: out of reach \(2\)\. Is this machine online\?$"):
        gather(to=tmp_path / "bears", source=some, public=here)


def test_the_command_does_not_ask_private_addresses(tmp_path):
    """What tests may do by an argument, nothing on the command line and in the environment can."""
    pictures = Pictures()
    with server(pictures) as where:
        done = command("--from", csv_of(tmp_path, ("bear", f"{where}/1.jpg")), "--to", tmp_path / "bears")
    assert (done.returncode, done.stderr) == (1, "Not one photo came: in a private network (1).\n")
    assert pictures.asked == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of the two"),
        (("bear", "--from", "."), "one of the two"),
        (("bear", "--each", "0"), "at least 1"),
        (("con",), "no folder called con"),
        (("--from", "nowhere.csv"), "neither a folder nor a file"),
        (("--restore", "a/b.jpg"), "has no a/b.jpg"),
    ],
)
def test_a_command_that_can_not_be_meant_is_a_sentence(tmp_path, words, said):
    """One line to stderr, exit 1, and nothing is made."""
    done = command(*words, "--to", tmp_path / "bears")
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_gathered_into_itself(tmp_path):
    """It would grow by its own copies."""
    (tmp_path / "photos/bears").mkdir(parents=True)
    for one, other in (("photos", "photos/bears"), ("photos/bears", "photos"), ("photos", "photos")):
        with pytest.raises(GatherError, match="lie in each other"):
            gather(to=tmp_path / one, source=tmp_path / other)


def test_where_nothing_can_be_written_is_said(tmp_path):
    """A file where the folder should be: a sentence with its name."""
    (tmp_path / "bears").write_text("Not a folder.")
    with pytest.raises(GatherError, match=r"bears.* can not be read or written"):
        gather(to=tmp_path / "bears", source=mine(tmp_path, 1))
