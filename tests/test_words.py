"""What a page says before anybody asks is what the contract holds them to."""

import pytest
from cases import DRAWN, NESTED
from conftest import ROOT

from api_bridge import load as load_contract
from api_bridge.messages import load
from api_bridge.words import limits

MESSAGES = load(ROOT / "site/messages.toml")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "JPEG, PNG or WebP, up to 8 MB, up to 24 megapixels"),
        ("de", "JPEG, PNG oder WebP, bis 8 MB, bis 24 Megapixel"),
        ("zh", "JPEG, PNG 或 WebP，最大 8 MB，最大 24 百万像素"),
        ("ar", "JPEG, PNG أو WebP، حتى 8 م.ب، حتى 24 ميغابكسل"),
    ],
)
def test_every_limit_of_a_photo_is_said_beforehand(language, words):
    """A photo of few bytes and many pixels is not chosen first and refused then."""
    photo = load_contract(ROOT / "site/demos/catdog").fields["photo"]
    assert limits(photo, MESSAGES.say(language)) == words


def test_a_limit_is_said_where_there_is_one_and_as_it_is():
    """Of each of several files, of none that has no pixels, and no million rounded away."""
    say = MESSAGES.say("en")
    assert limits(NESTED["properties"]["photos"], say) == "PNG, up to 8 MB, up to 12 megapixels each, 2 at most"
    sketch = DRAWN["properties"]["sketch"]
    assert limits(sketch, say) == "PNG, up to 8 MB"
    small = {"media": {"enum": ["image/png"]}, "size": {"maximum": 250_000}, "pixels": {"maximum": 1_500_000}}
    assert limits({**sketch, "properties": small}, say) == "PNG, up to 0.25 MB, up to 1.5 megapixels"
