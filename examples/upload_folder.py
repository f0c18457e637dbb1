"""Upload every file of a folder of pictures and save all variants: upload_folder.py PICTURES VARIANTS"""

import sys
from pathlib import Path

from umbel import Client

pictures, variants = map(Path, sys.argv[1:])
with Client() as client:
    for job in [client.upload(file) for file in sorted(pictures.iterdir())]:
        print(job.name, *job.wait().download(variants))
