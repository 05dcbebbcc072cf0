"""Writes the licences of the crates that the program contains, with their texts, to standard output.

The program is the package `server`, and the packages that browsers get, which it embeds: those are the workspace's
`cdylib`s. Build scripts and procedural macros are in neither.
"""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

BROWSERS = "wasm32-unknown-unknown"
TEXTS = ("copying", "copyright", "licence", "license", "notice", "unlicense")


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked(*arguments):
    """Names and versions of the packages that are linked, as `cargo tree` knows them with their features."""
    edges = ("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}")
    tree = output("cargo", "tree", "--locked", *edges, *arguments)
    return {tuple(line.split()[:2]) for line in tree.splitlines()}


def texts(package):
    """The texts of a package's licences, without differences that say nothing."""
    folder = Path(package["manifest_path"]).parent
    files = {file for file in folder.iterdir() if file.name.lower().startswith(TEXTS)}
    files |= {file for below in files if below.is_dir() for file in below.iterdir()}
    if package["license_file"]:
        files.add(folder / package["license_file"])
    read = (file.read_text("utf-8", "replace") for file in sorted(files) if file.is_file())
    return ["\n".join(line.rstrip() for line in text.splitlines()).strip("\n") for text in read]


def main():
    host = output("rustc", "--print", "host-tuple").strip()
    # Else cargo fetches the crates of all other systems.
    platforms = ("--filter-platform", host, "--filter-platform", BROWSERS)
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", *platforms))
    members = set(metadata["workspace_members"])
    browsers = [
        f"--package={package['name']}"
        for package in metadata["packages"]
        if package["id"] in members and any("cdylib" in target["crate_types"] for target in package["targets"])
    ]
    wanted = linked("--package", "server") | linked("--target", BROWSERS, *browsers)
    packages = sorted(
        (
            package
            for package in metadata["packages"]
            if package["id"] not in members and (package["name"], f"v{package['version']}") in wanted
        ),
        key=lambda package: (package["name"], package["version"]),
    )

    users, bare, of_repository = defaultdict(list), [], defaultdict(list)
    for package in packages:
        of_repository[package["repository"]] += texts(package)
    for package in packages:
        # Some publish the text with one crate of their repository only.
        found = texts(package) or sorted(set(of_repository[package["repository"]]))
        for text in dict.fromkeys(found):
            users[text].append(f"{package['name']} {package['version']}")
        if not found:
            if "MIT" not in package["license"]:
                sys.exit(f"modelferry: {package['name']} comes without the text of its licence, {package['license']}")
            bare.append(package)

    print("Modelferry contains these crates. The texts of their licences follow.\n")
    for package in packages:
        print(f"{package['name'] + ' ' + package['version']:<40} {package['license'] or 'see its text'}")
    print(f"{'the standard library of Rust':<40} MIT OR Apache-2.0")
    for text, crates in sorted(users.items(), key=lambda item: item[1]):
        print(f"\n{'=' * 80}\n{', '.join(crates)}\n{'-' * 80}\n\n{text}")
    if bare:
        print(f"\n{'=' * 80}\nThese come without a text. They are used under the MIT licence:\n")
        for package in bare:
            authors = ", ".join(package["authors"]) or f"the authors of {package['repository']}"
            print(f"{package['name']} {package['version']}: Copyright (c) {authors}")
        mit = (Path(metadata["workspace_root"]) / "LICENSE-MIT").read_text().splitlines()
        ours = [line for line in mit if not line.startswith("Copyright")]
        print("\n" + "\n".join(ours).strip("\n"))


main()
