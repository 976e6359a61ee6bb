"""
How often, and of what: for the tests that send what nobody would send.

The same in each ordinary run; `EXAMPLES=100000` in the environment makes so many of each, and always others.
"""

import os

from hypothesis import settings
from hypothesis import strategies as st

EXAMPLES = os.environ.get("EXAMPLES")
often = settings(max_examples=int(EXAMPLES or 100), derandomize=not EXAMPLES, deadline=None)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)

TEXTS = ["", "12", "NaN", "1e999", "[" * 200, '{"headers": [], "data": [[]]}', '"\\ud800"', "null", "on", "x" * 5_000]
