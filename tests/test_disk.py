import errno
import gc
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from taskboard.disk import DiskFiles

OPEN_FILES = Path("/dev/fd")


def test_modes_do_not_depend_on_the_umask(tmp_path):
    files = DiskFiles()
    before = os.umask(0o277)
    try:
        files.make_folder(tmp_path / "f", 0o750)
        files.write(tmp_path / "f" / "a", b"1", mode=0o640)
        files.open_log(tmp_path / "f" / "log").close()
    finally:
        os.umask(before)
    modes = [oct((tmp_path / name).stat().st_mode)[-3:] for name in ("f", "f/a", "f/log")]
    assert modes == ["750", "640", "600"]


@pytest.mark.skipif(sys.platform != "linux", reason="Python reads attributes only on Linux")
def test_extended_attributes_go_with_the_board(tmp_path):
    board = tmp_path / "board.md"
    board.write_bytes(b"old")
    try:
        os.setxattr(board, "user.colour", b"red")
    except OSError:
        pytest.skip("the test folder's file system has no extended attributes")
    spare = DiskFiles().write_beside(board, b"new")
    assert os.getxattr(spare, "user.colour") == b"red"


def test_a_pipe_in_the_way_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    files = DiskFiles()
    for call in (files.read, files.open_log):
        with pytest.raises(OSError, match="regular file"):
            call(tmp_path / "pipe")
    assert "pipe" in files.inspect(tmp_path, "pipe")


def test_a_planted_temporary_name_is_stepped_over(tmp_path):
    files = DiskFiles()
    (tmp_path / "victim").write_bytes(b"precious")
    for n in range(3):
        (tmp_path / f".a.{os.getpid()}-{n}.taskboard-tmp").symlink_to("victim")
    files.write(tmp_path / "a", b"1")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path):
    files = DiskFiles()
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        files.write(tmp_path / "folder", b"1")
    assert files.names(tmp_path) == ["folder"]


LIMITED = """
import resource, signal, sys
from pathlib import Path
from taskboard.disk import DiskFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = DiskFiles().open_log(Path(sys.argv[1]))
log.append(b"x" * 90)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
for data in (b"y" * 50, b"z" * 10, b"w"):
    try:
        log.append(data)
        print("kept", log.size())
    except OSError as trouble:
        print(trouble.errno, log.size())
"""


def test_a_short_write_is_cut_back_and_raised(tmp_path):
    # A limit on the file's size makes the kernel write short, as a full disk does.
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ran.stdout.splitlines() == [f"{errno.ENOSPC} 90", "kept 100", f"{errno.EFBIG} 100"]
    assert (tmp_path / "log").read_bytes() == b"x" * 90 + b"z" * 10
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100


ADDER = """
import sys
from pathlib import Path
from taskboard.disk import DiskFiles
files, w = DiskFiles(), Path(sys.argv[1])
for _ in range(200):
    with files.lock(w / "lock"):
        n = int(files.read(w / "n"))
        files.write(w / "n", b"%d" % (n + 1), durable=False)
"""


def test_a_lock_keeps_processes_apart(tmp_path):
    (tmp_path / "n").write_bytes(b"0")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ADDER, str(tmp_path)]
    adders = [subprocess.Popen(command, env=env) for _ in range(3)]
    assert [adder.wait(60) for adder in adders] == [0, 0, 0]
    assert (tmp_path / "n").read_bytes() == b"600"


def test_a_lock_keeps_threads_of_one_instance_apart(tmp_path):
    files = DiskFiles()
    seen = []

    def enter():
        for _ in range(50):
            with files.lock(tmp_path / "lock"):
                seen.append("in")
                seen.append("out")

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["in", "out"] * 200


def test_a_lock_file_that_was_replaced_is_opened_anew(tmp_path):
    files = DiskFiles()
    with files.lock(tmp_path / "lock"):
        pass
    (tmp_path / "lock").unlink()
    with files.lock(tmp_path / "lock"):
        assert (tmp_path / "lock").exists()


def test_a_swap_race_never_leads_out_of_the_folder(tmp_path):
    files = DiskFiles()
    project = tmp_path / "project"
    (project / "in").mkdir(parents=True)
    (project / "in" / "a").write_bytes(b"inside")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_bytes(b"outside!")
    (project / "trap").symlink_to("../out")
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            files.exchange(project / "in", project / "trap")

    swapper = threading.Thread(target=swap)
    swapper.start()
    found = [files.inspect(project, "in/a") for _ in range(1000)]
    stop.set()
    swapper.join()
    proofs = [answer for answer in found if not isinstance(answer, str)]
    assert {proof.size for proof in proofs} == {len(b"inside")}
    assert len(proofs) < len(found)


def test_a_created_file_is_new_and_an_overwritten_one_was_there(tmp_path):
    files = DiskFiles()
    with pytest.raises(FileNotFoundError):
        files.overwrite(tmp_path / "a", b"1")
    before = os.umask(0o277)
    try:
        files.create(tmp_path / "a", b"12345")
    finally:
        os.umask(before)
    assert oct((tmp_path / "a").stat().st_mode)[-3:] == "600"
    with pytest.raises(FileExistsError):
        files.create(tmp_path / "a", b"1")
    inode = (tmp_path / "a").stat().st_ino
    files.overwrite(tmp_path / "a", b"abc")
    assert (tmp_path / "a").read_bytes() == b"abc"
    assert (tmp_path / "a").stat().st_ino == inode
    (tmp_path / "link").symlink_to("a")
    for call in (files.create, files.overwrite):
        with pytest.raises(OSError):  # noqa: PT011  which one depends on the system
            call(tmp_path / "link", b"x")
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_a_folder_is_removed_with_all_in_it_or_empty(tmp_path):
    files = DiskFiles()
    (tmp_path / "f" / "g").mkdir(parents=True)
    (tmp_path / "f" / "a").write_bytes(b"1")
    for _ in range(2):
        files.remove_folder(tmp_path / "f")
        assert not (tmp_path / "f").exists()
    (tmp_path / "f").mkdir()
    files.remove_folder(tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_a_lock_that_nobody_has_any_more_keeps_no_file_open(tmp_path):
    def use():
        with DiskFiles().lock(tmp_path / "a.lock"):
            return len(list(OPEN_FILES.iterdir()))

    first = use()
    for _ in range(5):
        use()
    gc.collect()
    assert use() == first
