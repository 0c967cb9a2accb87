#!/usr/bin/python3
"""Packs the two functions as AWS takes them: pack.py DIRECTORY leaves python.zip and node.zip there."""
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent
NOT_NEEDED = (".d.ts", ".map", ".md")  # at run time
NOT_NEEDED_FOLDERS = {"dist-es", "dist-types"}


def pack(target, folder):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_dir() or path.name.endswith(NOT_NEEDED) or NOT_NEEDED_FOLDERS & set(inside.parts) \
                    or "__pycache__" in inside.parts:
                continue
            packed.write(path, inside)


for name in ("python", "node"):
    pack(pathlib.Path(sys.argv[1]) / f"{name}.zip", HERE / name)
