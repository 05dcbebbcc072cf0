"""What a Python program does with a model hub: asks about a model, then gets one file, then all. Prints it, as JSON."""

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
            "found": [found.id for found in api.list_models(search=model.split("/")[1].lower(), limit=5)],
            "branches": {branch.name: branch.target_commit for branch in api.list_repo_refs(model).branches},
            "one": hf_hub_download(model, "config.json"),
            "old": hf_hub_download(model, "config.json", revision=info.sha),
            "all": snapshot_download(model),
        }
    )
)
