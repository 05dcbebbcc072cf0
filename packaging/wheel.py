"""Makes a wheel of an installed program: wheel.py PREFIX VERSION PLATFORM FOLDER

PREFIX is where ./packaging/install has installed to; PLATFORM is what the program runs on, as in
`manylinux_2_34_x86_64`. The same files and the same SOURCE_DATE_EPOCH make the same wheel. Its format:
<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>
"""

import base64
import hashlib
import os
import sys
import time
import zipfile
from pathlib import Path

prefix, version, platform, folder = sys.argv[1:]
program = Path(prefix, "bin/modelferry")
documents = Path(prefix, "share/doc/modelferry")
licences = sorted(documents.glob("LICENSE*"))
name = f"modelferry-{version}"
tag = f"py3-none-{platform}"

metadata = "\n".join(
    [
        "Metadata-Version: 2.4",
        "Name: modelferry",
        f"Version: {version}",
        "Summary: A server that brings AI models into browsers, and keeps them there",
        "License-Expression: MIT OR Apache-2.0",
        *(f"License-File: {licence.name}" for licence in licences),
        "Requires-Python: >=3.8",
        "Description-Content-Type: text/markdown",
        "",
        (documents / "README.md").read_text("utf-8"),
    ]
)
wheel = "\n".join(
    ["Wheel-Version: 1.0", f"Generator: modelferry ({version})", "Root-Is-Purelib: false", f"Tag: {tag}", ""]
)
files = {
    f"{name}.data/scripts/modelferry": program.read_bytes(),
    f"{name}.dist-info/METADATA": metadata.encode(),
    f"{name}.dist-info/WHEEL": wheel.encode(),
    **{f"{name}.dist-info/licenses/{licence.name}": licence.read_bytes() for licence in licences},
}


def row(path, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}\n"


record = f"{name}.dist-info/RECORD"
files[record] = ("".join(row(*file) for file in files.items()) + f"{record},,\n").encode()

date = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
with zipfile.ZipFile(Path(folder, f"{name}-{tag}.whl"), "w") as archive:
    for path, content in files.items():
        entry = zipfile.ZipInfo(path, date)
        entry.external_attr = (0o100755 if path.endswith("/scripts/modelferry") else 0o100644) << 16
        archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
