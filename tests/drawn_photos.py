"""Photos that a test draws: shapes of some colour, some of them turned, some see-through."""

import random
from pathlib import Path

from PIL import Image, ImageDraw


def draw(folder: Path, each: int, labels: tuple[str, ...] = ("disc", "square")) -> Path:
    """Draw `each` photos of every label into `folder`, a sub-folder per label: the same ones each time."""
    dice = random.Random(5)
    for kind, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for number in range(each):
            size = (dice.randint(70, 140), dice.randint(70, 140))
            image = Image.new("RGBA", size, (dice.randint(150, 255), 230, 230, dice.choice((0, 255))))
            pen, box = ImageDraw.Draw(image), (10, 10, size[0] - 15, size[1] - 15)
            if label == "stripes":
                for x in range(0, size[0], 12):
                    pen.line((x, 0, x + 30, size[1]), fill=(20, 160, 60), width=5)
            elif kind == 0:
                pen.ellipse(box, fill=(200, 30, 60))
            else:
                pen.rectangle(box, fill=(20, 30, 60))
            exif = Image.Exif()
            exif[0x0112] = dice.choice((1, 3, 6))
            image.save(folder / label / f"{number}.png", exif=exif)
    return folder
