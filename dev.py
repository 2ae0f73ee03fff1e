#!/usr/bin/env python3
"""The developer's door to taskboard: one command each to set up, see, test and measure it.

    python3 dev.py setup            make .venv beside this file (every command does it when due)
    python3 dev.py demo [--agents]  watch a board being worked on, in a copy, without a key;
                                    with --agents by models, which answer offline
    python3 dev.py test             the whole gate: lint, format, types, imports, tests
    python3 dev.py test ARGS        only pytest, with these arguments: tests/core -k parse
    python3 dev.py check [--fast]   the whole gate too; --fast leaves the tests out
    python3 dev.py bench [NAME ...] the benchmarks in benchmarks/, all or these, and one table;
                                    with --peers huey and Backlog.md (pip, npm) are fetched into
                                    .venv first, and measured besides
    python3 dev.py soak [NAME ARGS] one long run from tests/soak/; without a name, lists them
    python3 dev.py agents           fetch Claude Code, codex and gemini (npm, 0.9 GB, into .venv)
                                    for the tests that drive the real programs
    python3 dev.py run ARGS         the taskboard command of this copy: run status, run once

Needs Python 3.11 or newer with its standard library: no root, no make, no uv.
"""

# This file keeps to what Python 2.7 can parse (no f-strings, no annotations, ASCII), so that an
# old Python answers with the sentence below and not with a SyntaxError.
from __future__ import print_function

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "taskboard needs Python 3.11 or newer; this is %d.%d.%d.\n"
        "Next: start it with a newer one, for example `python3.12 dev.py test`.\n"
        "If there is none: `apt install python3.12`, `brew install python@3.12`, python.org."
        % tuple(sys.version_info[:3])
    )

import fcntl
import hashlib
import json
import os
import platform
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMP = VENV / ".taskboard-setup"
CHECKS = (
    ("lint", ["ruff", "check", "."]),
    ("format", ["ruff", "format", "--check", "."]),
    ("types", ["mypy"]),
    ("imports", ["lint-imports", "--no-logo"]),
)
AGENTS = (
    "@anthropic-ai/claude-code@2.1.329",
    "@openai/codex@0.169.0",
    "@google/gemini-cli@0.61.0",
)
"""The agent programs that the tests drive, in the versions they were measured with."""
PEERS = ("backlog.md@1.52.0",)
"""What taskboard is measured beside, of npm; what is of pip stands in pyproject.toml."""
OFFLINE = (
    "NewConnectionError",
    "ConnectTimeout",
    "ProxyError",
    "Retrying (",
    "(from versions: none)",  # all that is left of it in an isolated build
)
"""What pip's output holds when it did not reach its index."""


class Trouble(Exception):
    """Something that stops this command; the text says what, where and what next."""


def main(argv):
    """Run one command and return its exit status."""
    name, args = (argv[0], argv[1:]) if argv else ("help", [])
    if name in ("help", "-h", "--help") or (args == ["--help"] and name not in ("run", "demo")):
        print(__doc__.strip())
        return 0
    if name not in COMMANDS:
        print("dev.py has no command %r. Next: python3 dev.py help" % name, file=sys.stderr)
        return 2
    _open_stdin()
    try:
        setup()
        return COMMANDS[name](args)
    except Trouble as trouble:
        print("dev.py: %s" % trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# Setting up


def setup():
    """Make ``.venv`` and install into it, unless that was done for these dependencies."""
    digest = _digest()
    if _stamp() == digest:
        return
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two terminals: the second one waits and finds it done
        if _stamp() != digest:
            _make(digest)
    finally:
        os.close(folder)


def _make(digest):
    """A virtual environment with the package (editable) and the ``dev`` group."""
    print("Setting up .venv (once, a minute at most) ...", flush=True)
    if not _usable():
        _make_venv()
    if STAMP.exists():
        STAMP.unlink()
    names = _group(_pyproject()["dependency-groups"], "dev")  # pip before 25.1 knows no --group
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check", "--editable", str(ROOT)]
    done = _quiet(pip + names)
    if done.returncode:
        raise Trouble(_why_pip_failed(done.stdout))
    STAMP.write_text(digest, encoding="utf-8")


def _make_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = "%d.%d" % sys.version_info[:2]
        raise Trouble(
            "this Python (%s) has no venv or no ensurepip, so .venv cannot be made.\n"
            "Next: on Debian and Ubuntu `apt install python%s-venv`, then again."
            % (sys.executable, version)
        )
    python = getattr(sys, "_base_executable", None) or sys.executable
    done = _quiet([python, "-m", "venv", "--clear", str(VENV)])
    if done.returncode:
        raise Trouble(
            "%s could not make %s:\n%s\nNext: see that the folder is writable and the disk not"
            " full, then again." % (python, VENV, done.stdout.strip())
        )


def _why_pip_failed(output):
    """Pip's own last words and what to do about them."""
    tail = "\n".join(output.strip().splitlines()[-12:])
    if any(word in output for word in OFFLINE):
        return (
            "the package index could not be reached.\n%s\nNext: see that the network, or the proxy"
            " and index that pip is told of (`%s/pip config list`), answer; then again."
            % (tail, BIN)
        )
    return (
        "pip could not install what pyproject.toml names.\n%s\nNext: see above, then again." % tail
    )


def _usable():
    """Whether ``.venv`` runs, is of this Python's version and has pip."""
    probe = "import sys, pip; print(sys.version_info[:2])"
    try:
        done = _quiet([str(BIN / "python"), "-c", probe])
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == str(tuple(sys.version_info[:2]))


def _stamp():
    if not os.access(str(BIN / "python"), os.X_OK) or not STAMP.is_file():
        return None
    return STAMP.read_text(encoding="utf-8")


def _digest():
    """Of all that decides what is installed: not of the settings of the checkers."""
    project = dict(_pyproject())
    groups = dict(project.get("dependency-groups", {}))
    groups.pop("bench", None)  # that is put aside
    project["dependency-groups"] = groups
    project["tool"] = {"hatch": project.get("tool", {}).get("hatch")}
    facts = [project, str(ROOT), list(sys.version_info[:2])]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _group(groups, name):
    """The requirements of a dependency group (PEP 735), included groups and all."""
    names = []
    for entry in groups[name]:
        names += [entry] if isinstance(entry, str) else _group(groups, entry["include-group"])
    return names


# Commands


def gate(args):
    """Every check, then the tests; all run, whatever fails."""
    steps = [(name, command, True) for name, command in CHECKS]
    if "--fast" not in args:
        steps.append(("tests", ["python", "-m", "pytest", "-n", str(_workers())], False))
    times, failed = [], []
    for name, command, quiet in steps:
        start = time.monotonic()
        good = _step(name, command, quiet)
        times.append("%s %.1f s" % (name, time.monotonic() - start))
        if not good:
            failed.append(name)
    print("%s (%s)" % ("FAILED: " + ", ".join(failed) if failed else "all good", ", ".join(times)))
    return 1 if failed else 0


def _step(name, command, quiet):
    """Run one step; a quiet one speaks only when it fails."""
    print("%s: %s" % (name, " ".join(command)), flush=True)
    if not quiet:
        return _call(command) == 0
    done = _quiet([str(BIN / command[0])] + command[1:])
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def ready(_args):
    """Say that setting up, which every command begins with, is done."""
    print(".venv is ready")
    return 0


def test(args):
    """The gate, or with arguments only pytest."""
    return _call(["python", "-m", "pytest"] + args) if args else gate(args)


def agents(_args):
    """Fetch the agent programs, unless these versions are there."""
    folder = VENV / "agents"
    stamp = folder / "versions"
    wanted = "\n".join(AGENTS)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        print("the agent programs are ready")
        return 0
    folder.mkdir(exist_ok=True)
    _npm(folder, AGENTS, "the agent programs")
    stamp.write_text(wanted, encoding="utf-8")
    print("the agent programs are ready")
    return 0


def bench(args):
    """Run the named benchmarks, or all, one after the other, and print their one table."""
    scripts = _scripts("benchmarks")
    names = _known(scripts, [a for a in args if a != "--peers"] or scripts)
    if "--peers" in args:
        _fetch_peers()
    handle, table = tempfile.mkstemp(prefix="bench-")
    os.close(handle)
    try:
        begun = time.monotonic()
        worst = max([_call(["python", scripts[n]], BENCH_TABLE=table) for n in names], default=0)
        if Path(table).stat().st_size:
            print("\n%s: %.0f s, load %.1f" % (_machine(), time.monotonic() - begun, _load()))
            sys.stdout.flush()
            worst = max(worst, _call(["python", str(ROOT / "benchmarks" / "_table.py"), table]))
        return worst
    finally:
        Path(table).unlink()


def _fetch_peers():
    """Into a folder of their own, out of the way of everything that is installed."""
    folder = VENV / "bench"
    folder.mkdir(exist_ok=True)
    names = _group(_pyproject()["dependency-groups"], "bench")
    pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--no-input", "--upgrade"]
    pip += ["--disable-pip-version-check", "--target", str(folder / "python")]
    done = _quiet(pip + names)
    if done.returncode:
        raise Trouble(_why_pip_failed(done.stdout))
    _npm(folder, PEERS, "Backlog.md")


def _npm(folder, packages, what):
    """Install packages of npm into a folder."""
    npm = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
    try:
        done = _quiet(npm + list(packages))
    except OSError:
        raise Trouble("there is no npm here. Next: install Node.js 20 or newer, then again.")
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise Trouble("npm could not install %s.\n%s" % (what, tail))


def _machine():
    return "%s, %s, Python %s, %s processors" % (
        platform.system(),
        platform.machine(),
        platform.python_version(),
        os.cpu_count(),
    )


def _load():
    return os.getloadavg()[0]


def soak(args):
    """Run one soak with its arguments, or list them."""
    scripts = _scripts("tests/soak")
    if not args:
        print("soaks: %s" % (", ".join(scripts) or "none"))
        return 0
    return _call(["python", scripts[_known(scripts, args[:1])[0]]] + args[1:])


def demo(args):
    """Become the demo."""
    return _become(["python", "-P", "-m", "taskboard.demo"] + args)


def run(args):
    """Become the taskboard command."""
    return _become(["taskboard"] + args)


COMMANDS = {
    "setup": ready,
    "demo": demo,
    "test": test,
    "check": gate,
    "agents": agents,
    "bench": bench,
    "soak": soak,
    "run": run,
}


def _scripts(folder):
    return {path.stem: str(path) for path in sorted((ROOT / folder).glob("[!_]*.py"))}


def _known(scripts, names):
    for name in names:
        if name not in scripts:
            raise Trouble("no script is called %r. Next: one of %s" % (name, ", ".join(scripts)))
    return list(names)


# Starting programs


def _environment():
    """This process's, with ``.venv`` first and nothing that bends Python or pip away from it.
    Bytecode is kept: the tests start the program hundreds of times."""
    bent = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PYTHONDONTWRITEBYTECODE")
    environ = {name: value for name, value in os.environ.items() if name not in bent}
    path = os.environ.get("PATH", os.defpath)
    environ.update(VIRTUAL_ENV=str(VENV), PATH=str(BIN) + os.pathsep + path, PIP_USER="0")
    return environ


def _quiet(command):
    """Run to the end; output and errors come back as one text."""
    return subprocess.run(
        command,
        cwd=str(ROOT),
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _call(command, **more):
    """Run a tool of ``.venv`` in sight, with ``more`` variables; on Ctrl-C let it clean up before
    leaving."""
    process = subprocess.Popen(
        [str(BIN / command[0])] + command[1:], cwd=str(ROOT), env=dict(_environment(), **more)
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def _become(command):
    """Replace this process, so that signals and exit status are the tool's own."""
    sys.stdout.flush()
    os.execve(str(BIN / command[0]), command, _environment())


def _workers():
    """Two pytest workers for each processor this process may use, 2 to 8: many tests wait."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        count = os.cpu_count() or 1
    return max(2, min(2 * count, 8))


def _open_stdin():
    """A closed standard input would hand descriptor 0 to the next file opened in a child."""
    try:
        os.fstat(0)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
