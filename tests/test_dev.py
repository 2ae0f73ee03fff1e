"""The developer's door: what it says where it cannot work, and that it starts at once."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
DEV = REPOSITORY / "dev.py"
OLD = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10")


def run(*command, cwd=REPOSITORY, **environ):
    """Exit status, standard output, standard error."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean_environment() | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


def python_as(setup, *args):
    """Run dev.py as a script in a Python that ``setup`` has bent first."""
    begin = f"import sys, runpy; {setup}; sys.argv = sys.argv[1:]"
    code = f"{begin}; runpy.run_path(sys.argv[0], run_name='__main__')"
    return (sys.executable, "-c", code, *args)


def small_project(folder):
    """A repository that has nothing but what dev.py looks at."""
    folder.mkdir()
    shutil.copy(DEV, folder)
    (folder / "pyproject.toml").write_text(
        "[project]\nname = 'small'\nversion = '1'\n"
        "[build-system]\nrequires = ['no-such-backend']\n"
        "build-backend = 'no_such_backend'\n[dependency-groups]\ndev = []\n"
    )
    return folder


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 8, 0), (2, 7, 18)])
@pytest.mark.parametrize("command", [[], ["test"], ["demo"], ["nonsense"]])
def test_an_old_python_gets_one_sentence_and_the_next_step(version, command):
    bent = python_as(
        f"sys.version_info = ({version[0]}, {version[1]}, {version[2]}, 'final', 0)", DEV
    )
    status, out, err = run(*bent, *command)
    named = ".".join(map(str, version))
    assert err.startswith(f"taskboard needs Python 3.11 or newer; this is {named}.\nNext: ")
    assert (status, out) == (1, "")


def test_the_old_pythons_of_this_machine_get_it_too():
    """Where there is none, the tests beside this one stand in for them."""
    for version in OLD:
        name = shutil.which(f"python{version}")
        if name and run(name, "-c", "")[0] == 0:
            _, out, err = run(name, DEV, "test")
            assert err.startswith(f"taskboard needs Python 3.11 or newer; this is {version}.")
            assert out == ""


def test_the_file_keeps_to_what_python_2_can_parse():
    text = DEV.read_bytes().decode("ascii")
    newer = (
        *(ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.Starred, ast.Match),
        *(ast.AsyncFunctionDef, ast.Await, ast.YieldFrom, ast.TryStar),
    )
    for node in ast.walk(ast.parse(text)):
        assert not isinstance(node, newer), ast.unparse(node)
        if isinstance(node, ast.FunctionDef):
            assert not node.args.kwonlyargs, node.name
            assert not node.args.posonlyargs, node.name
            assert node.returns is None, node.name
        if isinstance(node, ast.arg):
            assert node.annotation is None, node.arg
        if isinstance(node, ast.Raise):
            assert node.cause is None, ast.unparse(node)
        if isinstance(node, ast.ClassDef):
            assert not node.keywords, node.name


def test_help_lists_every_command_without_setting_anything_up(tmp_path):
    project = small_project(tmp_path / "p")
    for words in ([], ["help"], ["--help"], ["test", "--help"]):
        status, out, _ = run(sys.executable, project / "dev.py", *words)
        assert status == 0
        for command in ("setup", "demo", "test", "check", "bench", "soak", "run"):
            assert f"dev.py {command}" in out
    assert not (project / ".venv").exists()


def test_a_command_that_is_none_is_named(tmp_path):
    project = small_project(tmp_path / "p")
    status, _, err = run(sys.executable, project / "dev.py", "tset")
    assert status == 2
    assert "'tset'" in err
    assert "python3 dev.py help" in err


def test_a_python_without_venv_is_told_the_package_that_brings_it(tmp_path):
    project = small_project(tmp_path / "p")
    bent = python_as("sys.modules['ensurepip'] = None", project / "dev.py")
    status, _, err = run(*bent, "test", cwd=project)
    assert status == 1
    assert "apt install python3." in err
    assert "-venv`" in err
    assert "Traceback" not in err


def test_an_index_that_does_not_answer_is_said_and_leaves_setup_undone(tmp_path):
    """The real pip asks a closed port. Its virtual environment is a stand-in: making one takes
    long, and nothing can be installed from here."""
    project = small_project(tmp_path / "p")
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    nowhere |= {"PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
    status, _, err = run(sys.executable, project / "dev.py", "test", cwd=project, **nowhere)
    assert status == 1
    assert "the package index could not be reached" in err
    assert "Next: " in err
    assert "Traceback" not in err
    assert not (project / ".venv" / ".taskboard-setup").exists()


@pytest.fixture
def ready(tmp_path):
    """A project that is set up: a virtual environment with its stamp, and tools that only say
    that they ran."""
    project = small_project(tmp_path / "p")
    tools = project / ".venv" / "bin"
    tools.mkdir(parents=True)
    for tool in ("python", "ruff", "mypy", "lint-imports", "taskboard"):
        path = tools / tool
        path.write_text(f'#!/bin/sh\necho "{tool} $*"\ncase "$* " in $FAIL*) exit 5;; esac\n')
        path.chmod(0o755)
    code = "import dev; dev.STAMP.write_text(dev._digest())"
    assert run(sys.executable, "-B", "-c", code, cwd=project)[0] == 0
    return project


def dev(project, *args, fail="nothing"):
    return run(sys.executable, project / "dev.py", *args, cwd=project, FAIL=fail)


def test_a_second_start_installs_nothing(ready):
    assert dev(ready, "setup") == (0, ".venv is ready\n", "")


@pytest.mark.parametrize("command", ["test", "check"])
def test_the_gate_is_every_check_and_the_tests(ready, command):
    status, out, _ = dev(ready, command)
    assert status == 0
    steps = [line.split(":")[0] for line in out.splitlines() if ": " in line]
    assert steps == ["lint", "format", "types", "imports", "tests"]
    assert out.splitlines()[-1].startswith("all good (lint 0.")
    assert "python -m pytest" in out.splitlines()[-2]


def test_a_failed_check_stops_nothing_and_fails_the_gate(ready):
    status, out, _ = dev(ready, "test", fail="check")
    assert status == 1
    assert "ruff check ." in out.splitlines()
    assert "python -m pytest" in out
    assert out.splitlines()[-1].startswith("FAILED: lint (")


def test_a_failed_test_fails_the_gate(ready):
    status, out, _ = dev(ready, "test", fail="-m pytest")
    assert status == 1
    assert out.splitlines()[-1].startswith("FAILED: tests (")


def test_the_fast_gate_leaves_the_tests_out(ready):
    status, out, _ = dev(ready, "check", "--fast")
    assert status == 0
    assert "pytest" not in out


def test_arguments_of_test_go_to_pytest_and_its_status_comes_back(ready):
    assert dev(ready, "test", "-k", "x y")[:2] == (0, "python -m pytest -k x y\n")
    assert dev(ready, "test", "-x", fail="-m pytest")[0] == 5


def test_run_and_demo_become_what_they_start(ready):
    assert dev(ready, "run", "status", "--help")[:2] == (0, "taskboard status --help\n")
    assert dev(ready, "run", "once", fail="once")[0] == 5
    assert dev(ready, "demo", "--fast")[1] == "python -P -m taskboard.demo --fast\n"


def test_benchmarks_and_soaks_are_found_by_name(ready):
    (ready / "benchmarks").mkdir()
    (ready / "tests" / "soak").mkdir(parents=True)
    for name in ("benchmarks/a.py", "benchmarks/b.py", "benchmarks/_shared.py", "tests/soak/s.py"):
        (ready / name).write_text("")
    assert [Path(line).stem for line in dev(ready, "bench")[1].splitlines()] == ["a", "b"]
    assert [Path(line).stem for line in dev(ready, "bench", "b")[1].splitlines()] == ["b"]
    assert dev(ready, "soak")[1] == "soaks: s\n"
    assert dev(ready, "soak", "s", "--hours", "1")[1].endswith("s.py --hours 1\n")
    status, _, err = dev(ready, "soak", "x")
    assert status == 1
    assert "one of s" in err


def test_changed_dependencies_are_installed_and_changed_checkers_are_not(ready):
    toml = ready / "pyproject.toml"
    toml.write_text(toml.read_text() + "[tool.ruff]\nline-length = 9\n")
    assert dev(ready, "setup")[1] == ".venv is ready\n"
    toml.write_text(toml.read_text().replace("dev = []", "dev = ['x']"))
    code = "import dev; print(dev._stamp() == dev._digest())"
    assert run(sys.executable, "-B", "-c", code, cwd=ready)[1] == "False\n"


def test_dependency_groups_may_include_each_other(ready):
    groups = {"a": ["x", {"include-group": "b"}], "b": ["y>=1"]}
    code = f"import dev; print(dev._group({groups}, 'a'))"
    assert run(sys.executable, "-B", "-c", code, cwd=ready)[1] == "['x', 'y>=1']\n"


def test_a_closed_standard_input_is_no_trouble(ready):
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec <&-; exec "{sys.executable}" dev.py check --fast'],
        cwd=ready,
        env=clean_environment() | {"FAIL": "nothing"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
