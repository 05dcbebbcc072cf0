"""What a Python program does with a model hub: one file, then all of them. Prints where they are, as JSON."""

import json
import sys

from huggingface_hub import HfApi, hf_hub_download, snapshot_download

model = sys.argv[1]
api = HfApi()
info = api.model_info(model)
print(
    json.dumps(
        {
            "sha": info.sha,
            "files": [sibling.rfilename for sibling in info.siblings],
            "one": hf_hub_download(model, "config.json"),
            "old": hf_hub_download(model, "config.json", revision=info.sha),
            "all": snapshot_download(model),
        }
    )
)
