"""What to gather: names for folders, a search through the real ddgs, CSVs and folders."""

import re
from pathlib import Path

import pytest
from conftest import free_port
from ddgs import DDGS
from hypothesis import given
from hypothesis import strategies as st
from pictures import picture
from search_server import bing, duckduckgo, search_server

from training.gathering import links
from training.gathering.links import GatherError, Link, label_of, links_from, search, searches

# What Windows, macOS and Linux each refuse, or change without a word.
UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]|^[ .-]|[ .]$')
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}


@given(
    st.text(max_size=60)
    | st.text('<>:"/\\|?*. -abcCON1\x00\t\n\u202e', max_size=12)
    | st.sampled_from(sorted(RESERVED))
)
def test_whatever_is_typed_is_a_safe_folder_or_a_sentence(tmp_path_factory, words):
    """No label leaves the folder, hides, or can not be made on Windows."""
    try:
        label = label_of(words)
    except GatherError:
        return
    assert label
    assert not UNSAFE.search(label)
    assert label.split(".")[0].strip().casefold() not in RESERVED
    assert label_of(label) == label
    (tmp_path_factory.getbasetemp() / "labels" / label).mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("grizzly bear", "grizzly bear"),
        ("  Ours   brun ", "Ours brun"),
        ("AC/DC: live?", "AC-DC- live"),
        ("../../etc/passwd", "etc-passwd"),
        ("e\u0301toile", "étoile"),
        ("熊", "熊"),
        ("C++", "C++"),
        (".hidden", "hidden"),
    ],
)
def test_a_folder_reads_like_its_words(words, label):
    """Spaces, accents and other scripts stay; only what can not be a name is changed."""
    assert label_of(words) == label


@pytest.mark.parametrize("words", ["con", "Aux.txt", "lpt¹", "...", "", "\u202e", "x" * 200])
def test_what_can_not_be_a_folder_is_refused(words):
    """In a sentence that says how to write it, and not by an operating system later."""
    with pytest.raises(GatherError, match=r"write it like"):
        label_of(words)


def test_a_label_may_have_other_words_than_its_search():
    """`grizzly=grizzly bear` is searched for as a grizzly bear, and called a grizzly."""
    assert searches(["grizzly=grizzly bear", "teddy bear", "math=a=b"]) == {
        "grizzly": "grizzly bear",
        "teddy bear": "teddy bear",
        "math": "a=b",
    }
    with pytest.raises(GatherError, match="one folder on many systems"):
        searches(["Bear", "bear"])
    with pytest.raises(GatherError, match="no words to search for"):
        searches(["bear="])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """A search's pages are a second apart; here nobody has to be spared."""
    monkeypatch.setattr(links, "PAUSE", 0)


VQD = (200, '<script>vqd="4-123"</script>')


def nothing_known(_: str) -> bool:
    return False


def pages_of(number: int, each: int):
    """DuckDuckGo with so many pages of so many links."""

    def answer(where, query):
        if where == "duckduckgo.com/":
            return VQD
        if where != "duckduckgo.com/i.js":
            return 200, bing([])
        page = int(query.get("s", 0)) // 100
        start = min(page, number - 1) * each  # after the last page, the last again
        return 200, duckduckgo([f"https://pictures.example/{n}.jpg" for n in range(start, start + each)])

    return answer


def test_a_search_turns_pages_until_there_is_enough(tmp_path):
    """150 photos need more than a page; and not a page more is asked for than needed."""
    with search_server(pages_of(9, 40), tmp_path) as engine:
        found = search("grizzly bear", 100, engine.ddgs, nothing_known)
    assert found[0] == ("https://pictures.example/0.jpg", "https://pages.example/0")
    assert len(set(found)) == 120
    pages = [query for where, query in engine.asked if where == "duckduckgo.com/i.js"]
    assert [query.get("s") for query in pages] == [None, "100", "200"]
    assert {query["q"] for query in pages} == {"grizzly bear"}


def test_a_search_ends_where_there_is_no_more(tmp_path):
    """Two pages are all there is: a third is asked for once, and nobody asks on and on."""
    with search_server(pages_of(2, 10), tmp_path) as engine:
        assert len(search("grizzly bear", 100, engine.ddgs, nothing_known)) == 20
    assert sum(where == "duckduckgo.com/i.js" for where, _ in engine.asked) == 3


def test_what_is_known_is_not_counted_again(tmp_path):
    """A second run for more photos looks behind those that it has."""
    known = {f"https://pictures.example/{n}.jpg" for n in range(40)}
    with search_server(pages_of(9, 40), tmp_path) as engine:
        found = search("grizzly bear", 30, engine.ddgs, known.__contains__)
    assert len(found) == 40
    assert not known & {url for url, _ in found}


def test_the_other_engine_is_asked_where_the_first_has_nothing(tmp_path):
    """One engine that turns us away does not end it."""

    def answer(where, _):
        return (200, bing(["https://pictures.example/1.jpg"])) if where.startswith("www.bing.com") else (403, "no")

    with search_server(answer, tmp_path) as engine:
        assert search("bear", 1, engine.ddgs, nothing_known) == [
            ("https://pictures.example/1.jpg", "https://pages.example/0")
        ]


def test_a_search_that_breaks_off_has_what_it_has(tmp_path):
    """Turned away at the second page, the first is still worth something."""
    whole = pages_of(9, 40)

    def answer(where, query):
        first = where == "duckduckgo.com/" or (where == "duckduckgo.com/i.js" and "s" not in query)
        return whole(where, query) if first else (429, "slowly")

    with search_server(answer, tmp_path) as engine:
        assert len(search("bear", 100, engine.ddgs, nothing_known)) == 40


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda where, _: VQD if where == "duckduckgo.com/" else (429, "slowly"),
            "no pictures of “bear”, or turns us away",
        ),
        (lambda where, _: (200, "Are you human?"), "^The search turns us away for now"),
        (lambda where, _: VQD if where == "duckduckgo.com/" else (200, "{}"), "no pictures of “bear”"),
    ],
)
def test_a_search_without_pictures_says_why(tmp_path, answer, said):
    """Too many asked, or there is nothing of that name: ddgs's own words would help nobody."""
    with search_server(answer, tmp_path) as engine, pytest.raises(GatherError, match=said) as raised:
        search("bear", 1, engine.ddgs, nothing_known)
    assert "--from" in str(raised.value)


def test_a_search_offline_says_so():
    """A machine without the web is told that, and what goes without."""
    with pytest.raises(GatherError, match="is this machine online"):
        search("bear", 1, DDGS(proxy=f"http://127.0.0.1:{free_port()}", timeout=2), nothing_known)


def csv_of(folder: Path, text: str | bytes) -> Path:
    (folder / "links.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "links.csv"


def test_a_csv_of_links_is_read(tmp_path):
    """As spreadsheets write it, with the columns in any order and more than are needed."""
    text = '\ufeffURL,Label,notes,license\r\nhttp://a.example/1.jpg,grizzly bear,"one, two",CC0\r\n\r\n http://a.example/2.jpg , cat/dog,,\r\n'
    assert links_from(csv_of(tmp_path, text)) == [
        Link("grizzly bear", "http://a.example/1.jpg", licence="CC0"),
        Link("cat-dog", "http://a.example/2.jpg"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,url\nbear,http://a/1.jpg\n", "needs the columns label and url in its first line; it has name, url"),
        ("", "it has nothing"),
        ("label,url\n", "no line below its first"),
        ("label,url\nbear,\n", "line 2: a label and a url"),
        ("label,url\nbear\n", "line 2: a label and a url"),
        ("label,url\nbear,http://a/1\n con ,http://a/2\n", "no folder called con"),
        ("label,url\nbear,http://a/1\nBear,http://a/2\n", "one folder on many systems"),
        (b"label,url\n\xff\xfe,http://a/1\n", "no CSV in UTF-8"),
        ("label,url\nbear,\0" + "x" * 200_000 + "\n", "no CSV in UTF-8"),
    ],
)
def test_a_csv_that_is_none_is_said_to_be_that(tmp_path, text, said):
    """With the line, before anything is fetched."""
    with pytest.raises(GatherError, match=said):
        links_from(csv_of(tmp_path, text))


def test_a_folder_of_pictures_is_read(tmp_path):
    """Sub-folders are labels, whatever lies deeper belongs to them, and hidden things to nobody."""
    for name in ("teddy/a.jpg", "teddy/more/b.JPG", "black bear/c.png", "teddy/.hidden.jpg", ".git/x.jpg", "loose.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(picture(1))
    assert [(link.label, link.source) for link in links_from(tmp_path)] == [
        ("black bear", "black bear/c.png"),
        ("teddy", "teddy/a.jpg"),
        ("teddy", "teddy/more/b.JPG"),
    ]


def test_a_folder_without_labels_and_a_path_to_nowhere(tmp_path):
    """One says what it needs, the other that it is not there."""
    with pytest.raises(GatherError, match="one sub-folder of pictures per label"):
        links_from(tmp_path)
    with pytest.raises(GatherError, match="neither a folder nor a file"):
        links_from(tmp_path / "nowhere")
