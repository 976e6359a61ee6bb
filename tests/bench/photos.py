"""
What cleaning large photos costs everybody else: in a worker, as the bridge does, and in a thread.

    python dev.py bench photos

The ratio to read: the p99 of small photos beside large ones, to that of small ones alone.
"""

import asyncio
import io
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent)]

from PIL import Image

from api_bridge import photos
from api_bridge.media import File
from api_bridge.workshop import Workshop


def photo(megapixels: float) -> File:
    """A JPEG with something on it."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    size = (width, width * 3 // 4)
    image = Image.effect_noise((size[0] // 4 + 1, size[1] // 4 + 1), 60).convert("RGB").resize(size)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return photos.describe(out.getvalue())


async def measured(
    shop: Workshop, seconds: float, *, large: File | None, thread: bool = False
) -> dict[str, list[float]]:
    """Clean small photos for a while, with or without large ones beside; return the times, in seconds."""
    end, clock, small = time.perf_counter() + seconds, time.perf_counter, photo(0.2)
    times: dict[str, list[float]] = {"lag": [], "small": [], "large": []}

    async def over_and_over(name: str, act, rest: float):
        while clock() < end:
            begun = clock()
            await act()
            times[name].append(clock() - begun)
            await asyncio.sleep(rest)

    async def nap():
        begun = clock()
        await asyncio.sleep(0.002)
        times["lag"].append(clock() - begun - 0.002)

    def heavy():
        return asyncio.to_thread(photos.cleaned, large) if thread else shop.clean("photo", large)

    jobs = [over_and_over("small", lambda: shop.clean("photo", small), 0.005), over_and_over("nap", nap, 0)]
    times["nap"] = []
    if large:
        jobs.append(over_and_over("large", heavy, 0))
    await asyncio.gather(*jobs)
    return times


def percentile(times: list[float], part: float) -> float:
    """In milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] * 1000


async def main() -> None:
    shop, large = Workshop(1), photo(12)
    print(f"Small: 0.2 megapixels. Large: 12 megapixels, {len(large.content) / 1e6:.1f} MB, one after the other.\n")
    print("thread or worker, one small photo of … megapixels at a time, p50 in ms:")
    for size in (0.05, 0.1, 0.2, 0.3, 0.5, 1):
        file, times = photo(size), {"thread": [], "worker": []}
        for _ in range(60):
            for how in times:
                begun = time.perf_counter()
                await (shop._by_worker("photo", file) if how == "worker" else asyncio.to_thread(photos.cleaned, file))
                times[how].append(time.perf_counter() - begun)
        print(f"  {size:4}  " + "  ".join(f"{how} {percentile(each, 0.5):5.1f}" for how, each in times.items()))
    print("\n                    small p50 / p99    loop's lag p50 / p99 / max    large p50   (ms)")
    for _ in range(3):
        for name, file, thread in (
            ("alone", None, False),
            ("beside, in a worker", large, False),
            ("beside, in a thread", large, True),
        ):
            times = await measured(shop, 6, large=file, thread=thread)
            small, lag = ([percentile(times[each], part) for part in (0.5, 0.99, 1)] for each in ("small", "lag"))
            slow = f"{percentile(times['large'], 0.5):6.0f}" if file else ""
            print(
                f"{name:20}{small[0]:6.1f} / {small[1]:5.1f}      {lag[0]:5.2f} / {lag[1]:5.1f} / {lag[2]:5.1f}          {slow}"
            )
    await shop.close()


if __name__ == "__main__":
    asyncio.run(main())
