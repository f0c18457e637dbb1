"""The perimeter of a picture, as batches of visits want it."""

import time
from typing import Annotated

from umbel_core.op import Bounds, Picture, op

Seconds = Annotated[float, Bounds(ge=0, le=10, description="Pause after each image; 0.4 stands for a step on a GPU")]


@op(memory_mb=1769, timeout_seconds=60, batch=10, ordered=True, serves="batch")
def measure(picture: Picture, *, gpu_seconds: Seconds = 0) -> dict[str, int]:
    """Measure the picture: its width, height and perimeter."""
    width, height = picture.size
    # The smallest decode there is: one that was cut short has a size too.
    picture.at_least(1, 1)
    time.sleep(gpu_seconds)
    return {"width": width, "height": height, "perimeter": 2 * (width + height)}
