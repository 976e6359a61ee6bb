"""
What an app on ZeroGPU has to show, or it is stopped: a function for a GPU.

The models here run on the CPU. The function that is shown is never called, so nobody's GPU time is spent.
"""

import os


def report() -> None:
    """Tell ZeroGPU that this app has a function for a GPU; do nothing anywhere else."""
    if os.environ.get("SPACES_ZERO_GPU", "").lower() not in ("1", "t", "true"):
        return
    # The platform brings `spaces` along. It reports by itself only from `Blocks.launch`, and an app
    # that mounts Gradio beside something else never calls that.
    import spaces.zero

    spaces.GPU(_shown)
    spaces.zero.startup()


def _shown() -> None:
    """Nothing: see above."""
