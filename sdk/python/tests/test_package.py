"""What is installed, and what is published."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from parent import SDK


def test_what_the_packages_hold(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run(build, cwd=SDK, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    installed = {name.split("/", 1)[1] for name in zipfile.ZipFile(wheel).namelist()}
    modules = {path.name for path in (SDK / "src" / "kinwire").glob("*.py")}
    assert installed >= modules | {"py.typed", "licenses/LICENSE"}
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        published = {name.split("/", 1)[1] for name in archive.getnames()}
    assert published >= {f"src/kinwire/{name}" for name in modules} | {"LICENSE", "README.md"}
    assert not [name for name in published if name.startswith("tests")]


def test_the_licence_is_that_of_the_tree() -> None:
    assert (SDK / "LICENSE").read_bytes() == (SDK.parents[1] / "LICENSE").read_bytes()
