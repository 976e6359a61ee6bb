"""What may go wrong in training that only the person at the keyboard can mend: one line, and no traceback."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
# What torch says when it can not write, instead of the system's own word.
TORCH_FULL = ("PytorchStreamWriter", "inline_container")


class TrainingError(Exception):
    """Its text says what is wrong and what to do."""


@contextmanager
def in_words() -> Iterator[None]:
    """End a program with one line where a `TrainingError` is raised, or a disk takes no more."""
    try:
        yield
    except TrainingError as error:
        raise SystemExit(str(error)) from error
    except RuntimeError as error:
        if not any(word in str(error) for word in TORCH_FULL):
            raise
        raise SystemExit("Can not write a model's weights: is the disk full? Mend that, and run this again.") from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = f" {error.filename}" if error.filename else ""
        raise SystemExit(f"Can not write{place}: {error.strerror}. Mend that, and run this again.") from error
