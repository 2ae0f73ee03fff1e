import json
import subprocess
import sys
import tomllib
from http.client import HTTPConnection

from taskboard.testing.offline import (
    KEY,
)
from taskboard.testing.offline.programs import (
    codex_config,
    gemini_settings,
)


def test_the_settings_of_programs_can_be_read(model):
    found = tomllib.loads(codex_config(model.url))
    provider = found["model_providers"][found["model_provider"]]
    assert provider["base_url"] == f"{model.url}/v1"
    assert provider["env_key"] in model.environ
    assert json.dumps(gemini_settings())
    assert set(model.environ.values()) == {model.url, f"{model.url}/v1", KEY}


def test_started_by_hand_it_prints_what_a_shell_needs():
    command = [sys.executable, "-m", "taskboard.testing.offline"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        try:
            lines = [it.stdout.readline().strip() for _ in range(7)]
            found = dict(line.removeprefix("export ").split("=", 1) for line in lines)
            url = found["ANTHROPIC_BASE_URL"]
            connection = HTTPConnection(url.removeprefix("http://"), timeout=20)
            connection.request("GET", "/v1/models", headers={"x-api-key": "k"})
            assert connection.getresponse().status == 400
            connection.close()
            assert found["GEMINI_API_KEY"] == KEY
        finally:
            it.terminate()


def test_a_command_runs_with_what_it_needs():
    code = (
        "import os, sys, anthropic; m = anthropic.Anthropic().models.list(); sys.exit(len(m.data))"
    )
    command = [sys.executable, "-m", "taskboard.testing.offline", sys.executable, "-c", code]
    assert subprocess.run(command, timeout=60, check=False).returncode > 5
