"""Cleaning: no mark is lost, no photo is lost, and nothing is half done."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest
from conftest import ROOT
from drawn_run import cleaner, drawn, look, marks, row, tree
from PIL import Image

from training.cleaning import journal, suspects
from training.cleaning.marks import Content
from training.cleaning.moves import MoveError, put
from training.cleaning.plan import Cleaning, CleaningError, restored
from training.kept import Kept, write


def cleaning(folder: Path) -> Cleaning:
    """What a new start finds."""
    return Cleaning.read(Kept.read(folder))


def photos(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every photo on the disk, where the run found them."""
    return tree(Path(Kept.read(folder).run["photos"]))


@pytest.fixture
def folder(tmp_path):
    """The trainer's folder of a small run."""
    return drawn(tmp_path, each=6)


@pytest.fixture
def marked(folder):
    """Two photos to delete, two to relabel, one to keep."""
    ours = cleaning(folder)
    ours.mark("disc/0.jpg", "delete")
    ours.mark("ring/1.jpg", "delete")
    ours.mark("disc/2.jpg", "relabel", "square")
    ours.mark("ring/3.jpg", "relabel", "disc")
    ours.mark("square/4.jpg", "keep")
    return folder


# --- marks


def test_a_mark_that_was_cut_off_is_no_mark_and_spoils_no_other(folder):
    """The power fails in the middle of a line: what was told to the person stays, and work goes on."""
    cleaning(folder).mark("disc/0.jpg", "delete")
    with (folder / "marks.jsonl").open("ab") as file:
        file.write(b'{"file": "disc/1.jpg", "deci')
    cleaning(folder).mark("disc/2.jpg", "keep")
    assert marks(folder) == [("disc/0.jpg", "delete", None), ("disc/2.jpg", "keep", None)]


def test_a_mark_is_on_the_disk_before_it_is_told(folder, monkeypatch):
    """Not only with the system, which would forget it when the power fails."""
    real, synced = os.fsync, []

    def fsync(descriptor):
        real(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    cleaning(folder).mark("disc/0.jpg", "delete")
    assert synced == [(folder / "marks.jsonl").stat().st_size]


def test_marks_that_somebody_has_edited_are_not_guessed_at(folder):
    """A line that is no mark any more is named, and nothing is thrown away."""
    cleaning(folder).mark("disc/0.jpg", "delete")
    with (folder / "marks.jsonl").open("a") as file:
        file.write("what is this\n{}\n")
    with pytest.raises(journal.JournalError, match="line 2"):
        cleaning(folder)


def test_every_mark_can_be_undone_to_the_first(folder):
    """Whoever went astray gets back step by step, and sees what held before."""
    ours = cleaning(folder)
    made = [ours.mark("disc/0.jpg", *words) for words in (("keep",), ("relabel", "ring"), ("delete",))]
    seen = []
    for mark in reversed(made):
        seen.append(ours.waiting()["disc/0.jpg"].decision)
        ours.undo(mark.number)
    assert seen == ["delete", "relabel", "keep"]
    assert ours.waiting() == {}
    ours.undo(made[0].number)
    assert len(ours.marks.lines) == 6, "undoing twice is undoing once"
    assert marks(folder) == []


@pytest.mark.parametrize(
    ("file", "decision", "label", "said"),
    [
        ("disc/99.jpg", "delete", None, "no photo of this run"),
        ("../../etc/passwd", "delete", None, "no photo of this run"),
        ("disc/0.jpg", "relabel", "tree", "tree is nothing"),
        ("disc/0.jpg", "eat", None, "eat is nothing"),
    ],
)
def test_what_can_not_be_meant_is_not_marked(folder, file, decision, label, said):
    """A page of another run, or a stranger: the marks stay as they are."""
    with pytest.raises(CleaningError, match=said):
        cleaning(folder).mark(file, decision, label)
    assert not (folder / "marks.jsonl").exists()


# --- what is done


def test_the_plan_says_it_all_and_moves_nothing(marked):
    """Before anybody says yes, the disk is as it was, and the names that files will have are known."""
    before = photos(marked)
    plan = cleaning(marked).plan()
    assert [(move.file, move.label, Path(move.target).name) for move in plan.moves] == [
        ("disc/0.jpg", None, "0.jpg"),
        ("disc/2.jpg", "square", "2-2.jpg"),
        ("ring/1.jpg", None, "1.jpg"),
        ("ring/3.jpg", "disc", "3-2.jpg"),
    ]
    assert plan.left == {"disc": 5, "ring": 4, "square": 7}
    assert plan.refused == []
    assert photos(marked) == before


def test_apply_moves_what_was_shown_and_restore_puts_all_of_it_back(marked):
    """To the byte and to the second; marks as well, so that one mistake does not cost the other fifty."""
    before, decided = photos(marked), marks(marked)
    ours = cleaning(marked)
    ours.apply(ours.plan().digest)
    after = photos(marked)
    assert "disc/0.jpg" not in after
    assert after["square/2-2.jpg"] == before["disc/2.jpg"]
    assert after["square/2.jpg"] == before["square/2.jpg"], "nothing is written over"
    assert len(after) == len(before) - 2
    assert marks(marked) == [("square/4.jpg", "keep", None)]
    assert cleaning(marked).plan().moves == []

    said = restored(marked)
    assert said == ["4 photos were moved back, with the marks of before."]
    assert photos(marked) == before
    assert sorted(marks(marked)) == sorted(decided)
    with pytest.raises(CleaningError, match="nothing to restore"):
        restored(marked)


def test_what_was_moved_can_be_moved_on_and_back_step_by_step(folder):
    """A photo that was relabelled may be deleted later, and an older mark of it does not rise again."""
    before = photos(folder)
    ours = cleaning(folder)
    ours.mark("disc/0.jpg", "delete")
    ours.mark("disc/0.jpg", "relabel", "ring")
    ours.apply(ours.plan().digest)
    assert ours.plan().moves == []
    assert ours.waiting() == {}
    ours.mark("disc/0.jpg", "delete")
    ours.apply(ours.plan().digest)
    assert "ring/0-2.jpg" not in photos(folder)
    assert restored(folder)[1:] == ["What was applied before that can be restored as well: run this again."]
    assert photos(folder)["ring/0-2.jpg"] == before["disc/0.jpg"]
    restored(folder)
    assert photos(folder) == before


def test_only_what_was_shown_is_done(marked):
    """Another page marks, or a file changes, while somebody reads the list: nothing moves, and they look again."""
    before = photos(marked)
    ours = cleaning(marked)
    shown = ours.plan().digest
    ours.mark("square/1.jpg", "delete")
    with pytest.raises(CleaningError, match="look at it again"):
        ours.apply(shown)
    shown = ours.plan().digest
    (Path(ours.kept.run["photos"]) / "disc/0.jpg").unlink()
    with pytest.raises(CleaningError, match="look at it again"):
        ours.apply(shown)
    del before["disc/0.jpg"]
    assert photos(marked) == before


def test_a_file_that_is_not_what_was_marked_is_left_alone_and_said(marked):
    """Gone, another photo by now, or only a link: the rest is done."""
    ours = cleaning(marked)
    root = Path(ours.kept.run["photos"])
    (root / "disc/0.jpg").unlink()
    Image.new("RGB", (9, 9)).save(root / "ring/1.jpg")
    shutil.move(root / "disc/2.jpg", root / "elsewhere.jpg")
    (root / "disc/2.jpg").symlink_to(root / "elsewhere.jpg")
    plan = ours.plan()
    assert {each["file"]: each["why"] for each in plan.refused} == {
        "disc/0.jpg": "It is gone from the disk.",
        "disc/2.jpg": "It is only a link to a file elsewhere: change that by hand.",
        "ring/1.jpg": "It has changed since it was marked: look at it again.",
    }
    assert [move.file for move in plan.moves] == ["ring/3.jpg"]
    with pytest.raises(CleaningError, match=r"disc/0\.jpg is gone from the disk"):
        ours.mark("disc/0.jpg", "keep")


def test_restoring_writes_over_nothing_and_says_what_it_left(marked):
    """The place was taken meanwhile, the bin was emptied by hand, a photo was changed: each is said."""
    ours = cleaning(marked)
    ours.apply(ours.plan().digest)
    root = Path(ours.kept.run["photos"])
    (root / "disc/0.jpg").write_bytes(b"mine")
    (marked / "bin/0001/photos/ring/1.jpg").unlink()
    (root / "square/2-2.jpg").write_bytes(b"better")
    first, *left = restored(marked)
    assert first == "1 photo was moved back, with the marks of before."
    assert [re.search(r"(gone|changed|another file)", line)[0] for line in left] == ["gone", "changed", "another file"]
    assert (root / "disc/0.jpg").read_bytes() == b"mine"
    assert (root / "square/2-2.jpg").read_bytes() == b"better"
    assert (marked / "bin/0001/photos/disc/0.jpg").is_file()


CRASH = """
import os, sys, shutil
from pathlib import Path
from training.cleaning.plan import Cleaning
from training.kept import Kept

STEPS = ("os.link", "os.remove", "os.rename", "os.truncate", "open", "os.mkdir", "shutil.copyfile")

def dies_at(step, folder, act):
    left = [step]
    def hook(event, words):
        if event in STEPS and str(words[0]).startswith(str(folder)):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), 9)
    sys.addaudithook(hook)
    act(Cleaning.read(Kept.read(folder / ".local/training/shapes")))

acts = {"apply": lambda ours: ours.apply(ours.plan().digest), "restore": lambda ours: ours.restore()}
source, into, act = Path(sys.argv[1]), Path(sys.argv[2]), acts[sys.argv[3]]
for step in range(1, 500):
    copy = into / str(step)
    shutil.copytree(source, copy)
    run = copy / ".local/training/shapes/run.json"
    run.write_text(run.read_text().replace(str(source), str(copy)))
    for journal in copy.glob(".local/training/shapes/bin/*/moves.jsonl"):
        journal.write_text(journal.read_text().replace(str(source), str(copy)))
    child = os.fork()
    if not child:
        dies_at(step, copy, act)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


@pytest.mark.parametrize("act", ["apply", "restore"])
def test_killed_at_any_step_it_is_finished_or_never_begun(tmp_path_factory, act):
    """The power fails at each thing it does to the disk in turn: the next start leaves all moved, or nothing."""
    root, into = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("killed")
    folder = drawn(root, each=5)
    whole = photos(folder)
    ours = cleaning(folder)
    ours.mark("disc/0.jpg", "delete")
    ours.mark("ring/1.jpg", "relabel", "disc")
    if act == "restore":
        ours.apply(ours.plan().digest)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CRASH, root, into, act], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    cleaned = {**whole, "disc/1-2.jpg": whole["ring/1.jpg"]}
    del cleaned["disc/0.jpg"], cleaned["ring/1.jpg"]
    ended = []
    for copy in into.iterdir():
        there = copy / ".local/training/shapes"
        ours = cleaning(there)
        ended.append("moved" if ours.applied else "not moved")
        assert photos(there) == (cleaned if ours.applied else whole)
        assert len(ours.plan().moves) == (0 if ours.applied else 2)
        if ours.applied:
            restored(there)
            assert photos(there) == whole
    assert len(ended) > 8
    assert set(ended) == {"moved", "not moved"}


def test_a_plan_that_was_cut_off_while_it_was_written_was_never_begun(marked):
    """The power fails before the first file moves: the marks wait as they did."""
    (marked / "bin/0001").mkdir(parents=True)
    (marked / "bin/0001/moves.jsonl").write_text('{"run": "2026-11-21T12:00:00+00:00", "moves": [{"ma')
    ours = cleaning(marked)
    assert (len(ours.plan().moves), ours.notes) == (4, [])
    ours.apply(ours.plan().digest)
    assert restored(marked)


def other_disk() -> Path | None:
    """A folder that lies on another file system than pytest's own."""
    here = Path(tempfile.gettempdir()).stat().st_dev
    places = (Path("/dev/shm"), Path.home(), Path("/var/tmp"))
    return next((path for path in places if path.is_dir() and path.stat().st_dev != here), None)


@pytest.fixture
def elsewhere():
    """The trainer's folder of a small run whose photos lie on another disk."""
    if not (disk := other_disk()):
        pytest.skip("this machine has one file system")
    with tempfile.TemporaryDirectory(dir=disk) as far, tempfile.TemporaryDirectory() as near:
        folder = drawn(Path(far), each=6)
        to = Path(near) / ".local/training/shapes"
        shutil.copytree(folder, to)
        yield to


def test_photos_on_another_disk_are_moved_and_moved_back(elsewhere):
    """A bin at home, photos on a stick: whole, with their dates, and gone from where they were."""
    before = photos(elsewhere)
    ours = cleaning(elsewhere)
    ours.mark("disc/0.jpg", "delete")
    ours.apply(ours.plan().digest)
    assert (elsewhere / "bin/0001/photos/disc/0.jpg").read_bytes() == before["disc/0.jpg"][0]
    assert "disc/0.jpg" not in photos(elsewhere)
    restored(elsewhere)
    assert photos(elsewhere) == before


LIMITED = """
import os, resource, sys
from pathlib import Path
from training.cleaning.plan import Cleaning, CleaningError
from training.kept import Kept
ours = Cleaning.read(Kept.read(Path(sys.argv[1])))
digest = ours.plan().digest
if len(sys.argv) > 4:
    os.setegid(int(sys.argv[4]))
    os.seteuid(int(sys.argv[4]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    ours.mark("disc/1.jpg", "delete") if sys.argv[2] == "mark" else ours.apply(digest)
except CleaningError as error:
    print(error)
"""


def limited(folder: Path, act: str, size: int, *user: str) -> str:
    """What is said of `act` by a process, perhaps another user's, whose files can not grow beyond `size` bytes."""
    command = [sys.executable, "-c", LIMITED, folder, act, str(size), *user]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def test_a_mark_that_the_disk_does_not_take_is_not_made(marked):
    """It is said at once, and neither that mark nor half of it is found later."""
    decided, size = marks(marked), (marked / "marks.jsonl").stat().st_size
    assert "The mark could not be saved: File too large" in limited(marked, "mark", size + 20)
    assert (marked / "marks.jsonl").stat().st_size == size
    assert marks(marked) == decided


@pytest.mark.parametrize("size", [30, 1400])
def test_no_space_for_the_bin_and_everything_stays(elsewhere, size):
    """The disk of the bin fills up before or in the middle of moving: all photos are where they were."""
    ours = cleaning(elsewhere)
    for name in ("disc/0.jpg", "ring/1.jpg", "square/3.jpg"):
        ours.mark(name, "delete")
    Image.effect_noise((90, 90), 90).save(Path(ours.kept.run["photos"]) / "square/3.jpg", quality=95)
    ours.mark("square/3.jpg", "delete")
    before, decided = photos(elsewhere), marks(elsewhere)
    assert "Nothing was moved" in limited(elsewhere, "apply", size)
    assert photos(elsewhere) == before
    assert marks(elsewhere) == decided
    assert cleaning(elsewhere).applied == []
    assert list((elsewhere / "bin").rglob("*.part")) == []


def test_a_folder_that_may_not_be_changed_stays_whole(tmp_path_factory):
    """Photos of somebody else: a sentence, and not one of two files moved."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = drawn(Path(place), each=6)
        ours = cleaning(folder)
        ours.mark("disc/0.jpg", "delete")
        ours.mark("ring/1.jpg", "delete")
        before = photos(folder)
        if os.geteuid() == 0:  # who may do anything can not be refused: let somebody else try
            for path in [folder, *folder.rglob("*"), Path(place) / "photos/disc", *Path(place).glob("photos/disc/*")]:
                os.chown(path, 65534, 65534)
        somebody = ["65534"] if os.geteuid() == 0 else []
        (Path(place) / "photos/ring").chmod(0o555)
        said = limited(folder, "apply", 10_000_000, *somebody)
        (Path(place) / "photos/ring").chmod(0o755)
        assert re.search(r"ring/1\.jpg can not be moved to .*: Permission denied\. Nothing was moved\.", said)
        assert photos(folder) == before
        assert len(marks(folder)) == 2


def test_a_move_never_takes_the_place_of_another_file(tmp_path):
    """Two photos of one name: the second stays where it is, and both are whole."""
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    with pytest.raises(MoveError, match="another file already"):
        put(tmp_path / "a", tmp_path / "b", Content.of(tmp_path / "a"))
    with pytest.raises(MoveError, match="another file already"):
        put(tmp_path / "a", tmp_path / "b", Content.of(tmp_path / "b"))
    assert {name: content for name, (content, _) in tree(tmp_path).items()} == {"a": b"one", "b": b"two"}


# --- the command


@pytest.mark.parametrize("command", ["clean", "restore"])
def test_what_can_not_be_cleaned_is_one_sentence(tmp_path, command):
    """No run, or a table's: what to do, and no traceback."""
    done = look(tmp_path, command, "site/demos/shapes")
    assert done.returncode == 1
    assert "has no finished run" in done.stderr
    kept = Kept.read(drawn(tmp_path, each=3))
    write(kept.folder, {**kept.run, "fields": "table"}, kept.rows)
    done = look(tmp_path, command, "site/demos/shapes")
    assert done.stderr == "shapes was trained on a table: there are no photos to clean.\n"


def test_restore_is_a_command_and_waits_for_the_page_to_be_closed(tmp_path):
    """Two that move the same files at once would be worse than a sentence."""
    ours = cleaning(drawn(tmp_path, each=6))
    ours.mark("disc/0.jpg", "delete")
    before = photos(ours.kept.folder)
    ours.apply(ours.plan().digest)
    with cleaner(tmp_path):
        for command in ("restore", "clean"):
            done = look(tmp_path, command, "site/demos/shapes")
            assert done.stderr.startswith("These photos are cleaned in another window")
    done = look(tmp_path, "restore", "site/demos/shapes")
    assert done.stdout == "1 photo was moved back, with the marks of before.\n"
    assert photos(ours.kept.folder) == before


# --- suspects


def test_wrong_labels_come_first(tmp_path):
    """Whoever looks at a dozen photos has seen the five that are wrong, though the model learned them by heart."""
    wrong = ["disc/3.jpg", "disc/8.jpg", "ring/5.jpg", "square/1.jpg", "square/13.jpg"]
    kept = Kept.read(drawn(tmp_path, each=20, wrong=wrong))
    for each in kept.rows:
        each["probabilities"] = row("", "", "", kept.run["labels"].index(each["label"]), 3)["probabilities"]
    found = suspects.suspicions(kept)
    first = [kept.rows[at]["file"] for at in suspects.order(kept.rows, found)[:5]]
    assert sorted(first) == wrong
    at = next(at for at, each in enumerate(kept.rows) if each["file"] == "disc/3.jpg")
    assert re.match(
        r"Likely labelled wrongly: another model, which never saw it, says ring, \d+ %\.",
        suspects.why(kept, found, at)[0],
    )


def test_photos_that_are_almost_the_same_are_told_apart_by_what_is_wrong_with_them(tmp_path):
    """One with another label is worse than one on the other side of the split, and both than a plain copy."""
    kept = Kept.read(drawn(tmp_path, each=12))
    embeddings = kept.embeddings().copy()
    names = [each["file"] for each in kept.rows]
    copies = {"ring/1.jpg": "disc/1.jpg", "disc/2.jpg": "disc/1.jpg", "disc/5.jpg": "disc/6.jpg"}
    copies |= {"square/0.jpg": "square/2.jpg", "square/1.jpg": "square/2.jpg"}
    for copy, of in copies.items():
        embeddings[names.index(copy)] = embeddings[names.index(of)]
    np.save(kept.folder / "embeddings.npy", embeddings)
    found = suspects.suspicions(kept)
    said = {name: suspects.why(kept, found, at)[-1] for at, name in enumerate(names) if found[at].twin is not None}
    assert said == {
        "disc/1.jpg": "Almost the same photo is labelled ring: ring/1.jpg.",
        "disc/2.jpg": "Almost the same photo is labelled ring: ring/1.jpg.",
        "ring/1.jpg": "Almost the same photo is labelled disc: disc/1.jpg.",
        "square/1.jpg": "Almost the same photo is held back, so that validation is too easy: square/0.jpg.",
        "square/0.jpg": "Almost the same photo is learned from, so that validation is too easy: square/1.jpg.",
        "square/2.jpg": "Almost the same photo is held back, so that validation is too easy: square/0.jpg.",
        "disc/5.jpg": "Almost the same photo is here twice: disc/6.jpg.",
        "disc/6.jpg": "Almost the same photo is here twice: disc/5.jpg.",
    }
    first = {names[at] for at in suspects.order(kept.rows, found)[:3]}
    assert first == {"disc/1.jpg", "disc/2.jpg", "ring/1.jpg"}


def test_what_was_found_once_is_kept_until_the_next_run(folder):
    """The second start does not wait, and a new run is not judged by the old."""
    kept = Kept.read(folder)
    steps = []
    watch = lambda these: [steps.append(each) or each for each in these]  # noqa: E731
    first = suspects.suspicions(kept, watch)
    assert steps
    steps.clear()
    assert suspects.suspicions(kept, watch) == first
    assert not steps
    write(folder, kept.run, kept.rows[::-1], embeddings=kept.embeddings()[::-1])
    suspects.suspicions(Kept.read(folder), watch)
    assert steps


@pytest.mark.parametrize("each", [1, 2])
def test_few_photos_are_no_reason_to_fail(tmp_path, each):
    """Whoever begins has hardly any: they are shown all the same."""
    kept = Kept.read(drawn(tmp_path, each=each))
    assert len(suspects.suspicions(kept)) == 3 * each


# --- the server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The page's address, and the root of its run."""
    root = tmp_path_factory.mktemp("served")
    drawn(root, each=6)
    with cleaner(root) as (address, _):
        yield address, root


def said_by(address: str, path: str = "", **headers) -> httpx2.Response:
    """Ask for a page as any program on this machine could."""
    return httpx2.get(address + path, headers=headers)


def test_nobody_else_reads_the_photos(served):
    """A page on the internet whose name leads to this machine, or one that guesses, is told nothing."""
    address, _ = served
    parts = urlsplit(address)
    assert said_by(address).status_code == 200
    assert said_by(address, Host=f"evil.example:{parts.port}").status_code == 421
    assert said_by(f"{parts.scheme}://{parts.netloc}/", "photos").status_code == 404
    assert said_by(f"{parts.scheme}://{parts.netloc}/{'x' * 22}/", "photos").status_code == 404
    for path in ("../../run.json", "..%2f..%2frun.json", "%2e%2e/clean.py", "thumbs/../../run.json", "card.md"):
        assert said_by(address, path).status_code == 404
    policy = said_by(address).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_page_itself_decides(served):
    """Another page can not delete photos in its visitor's name."""
    address, root = served
    own = f"http://{urlsplit(address).netloc}"
    mark = {"file": "disc/0.jpg", "decision": "delete", "since": 0}
    for origin in (None, "null", "https://evil.example", own.replace("http:", "https:")):
        headers = {"Origin": origin} if origin else {}
        assert httpx2.post(address + "mark", json=mark, headers=headers).status_code == 403
    assert not (root / ".local/training/shapes/marks.jsonl").exists()
    nonsense = httpx2.post(address + "mark", json={"decision": 3}, headers={"Origin": own})
    assert (nonsense.status_code, list(nonsense.json())) == (400, ["fault"])
    assert httpx2.post(address + "mark", content=b"x" * 20_000, headers={"Origin": own}).status_code == 413
    assert httpx2.post(address + "mark", json=mark, headers={"Origin": own}).status_code == 200


def test_a_picture_is_sent_once(served):
    """Ten thousand photos are made small once; a file that changed has another address."""
    address, root = served
    photo = said_by(address, "photos").json()["photos"][0]
    path = f"thumbs/{photo['row']}/{photo['version']}.jpg"
    first = said_by(address, path)
    assert first.headers["content-type"] == "image/jpeg"
    assert "immutable" in first.headers["cache-control"]
    again = httpx2.get(address + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    Image.new("RGB", (2000, 1000), "red").save(root / "photos" / photo["file"])
    other = said_by(address, path)
    assert other.headers["etag"] != first.headers["etag"]
    assert "immutable" not in other.headers["cache-control"]
    assert other.content != first.content
    (root / "photos" / photo["file"]).write_bytes(b"\xff\xd8\xff no picture")
    assert said_by(address, path).status_code == 415
    (root / "photos" / photo["file"]).unlink()
    assert said_by(address, path).status_code == 404
    assert said_by(address, "thumbs/99999/x.jpg").status_code == 404
    assert said_by(address, f"secrets/0/{photo['version']}.jpg").status_code == 404
