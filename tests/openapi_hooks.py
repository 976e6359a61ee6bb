"""What Schemathesis has to be told about forms; it loads this by itself."""

import io

import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis.core.failures import AcceptedNegativeData


def picture(form: str) -> bytes:
    """A small picture that can be read to its end."""
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "teal").save(out, form)
    return out.getvalue()


schemathesis.openapi.format("binary", st.sampled_from([picture(form) for form in ("JPEG", "PNG")]))


@schemathesis.hook
def filter_failure(context, failure, case, response) -> bool:
    """A form has no words for nothing: an empty list is not sent at all, or as an empty text, and nobody can refuse it."""
    accepted = isinstance(failure, AcceptedNegativeData) and case.media_type == "multipart/form-data"
    return not (accepted and not sayable(case.body))


def sayable(value: object) -> bool:
    """Whether there is something at each place."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return bool(value) and all(map(sayable, inside))
    return value not in (None, "")
