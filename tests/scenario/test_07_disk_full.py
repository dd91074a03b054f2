"""The disk fills up while a file arrives: a clear answer before the real end, reads go on, space back means work again."""

import os
import pathlib
import subprocess
import tempfile

import pytest

import people
from support import Instance, wait_for

SIZE_MIB = 700


@pytest.fixture
def small_disk():
    """A file system of its own, as small as the broker's reserve allows."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="md", dir="/tmp"))
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0700", "muster-test", folder], capture_output=True
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("no right to mount a small disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


def test_disk_full_during_an_upload_is_said_and_work_goes_on_when_there_is_room_again(small_disk):
    instance = Instance(small_disk / "d")
    try:
        instance.up().prepare(people.directory(5))
        filler = small_disk / "filler"
        large = instance.files / "large.csv"
        with large.open("w") as file:
            file.write(",".join(people.CARD_HEADER) + "\n")
            for at in range(3_000_000):
                file.write(f"Anna{at},Berg{at},,,anna{at}@example.org,,,,,,\n")
        room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
        keep = 24 << 20
        with filler.open("wb") as file:
            file.write(bytes(max(0, room - keep)))
        result = instance.run("batch", "create", large, "--template", "card", timeout_s=120)
        assert result.code == 1, result
        assert "disk" in result.said.lower() or "space" in result.said.lower(), result
        assert instance.documents("batch", "list") is not None, "reads go on"
        assert instance.person("p1")["id"] == "p1"
        filler.unlink()
        small = instance.file("small.csv", [people.CARD_HEADER, people.card(people.person(50))])

        def works_again():
            return instance.run("batch", "create", small, "--template", "card", "--wait", timeout_s=60).code == 0

        wait_for(works_again, "work goes on by itself after there is room again", 15)
        assert len(instance.people()) == 6
        instance.down()
    finally:
        instance.destroy()
