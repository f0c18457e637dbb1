"""Make a square picture with the most interesting part of a photo: make_avatar.py PHOTO AVATAR"""

import sys
from pathlib import Path

from umbel import Client

photo, avatar = map(Path, sys.argv[1:])
with Client() as client:
    made = client.run("thumbnail", photo, width=256, height=256, fit="cover", gravity="attention")
    made.save(avatar)
    print(made.format, made.width, made.height, made.warnings)
