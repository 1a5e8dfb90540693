"""Secrets on several clouds: each keeps its own for its own tasks, nobody goes abroad for one, no value is anywhere."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from glacier import providers
from glacier.compilation import Compiled
from glacier.infra import Node, Ref, values
from glacier.testing.cases import with_secrets
from mixes import COMPILERS, compiler, keys, quietly

VALUE = "2retnuh"[::-1]
SCHEMES = {"aws": "aws:", "gcp": "gcp:", "azure": "azure:"}


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return quietly(compiler("aws", "gcp", "azure"), keys())


def secrets(compiled: Compiled, cloud: str) -> set[str]:
    """The variables of the secrets that a program makes, or refers to."""
    program = compiled.programs[cloud]
    refs = {value.node for statement in program.statements for value in values(statement) if isinstance(value, Ref)}
    return {name for name in {*refs, *(node.id for node in program.nodes)} if name.startswith("secret_")}


def test_each_cloud_has_what_its_tasks_need(compiled: Compiled) -> None:
    found = {cloud: secrets(compiled, cloud) for cloud in compiled.programs}
    assert found == {
        "aws": {"secret_api_key"},
        "gcp": {"secret_api_key"},
        "azure": {"secret_api_key", "secret_other"},
        "trust": set(),
    }


def test_a_task_is_told_of_its_own_clouds_secret(compiled: Compiled) -> None:
    for cloud, scheme in SCHEMES.items():
        text = compiled.files[f"{cloud}/__main__.py"].decode()
        told = re.findall(r'GLACIER_SECRET_API_KEY".{0,120}?concat\(\s*"(\w+:)', text, re.DOTALL)
        assert told == [scheme]


def test_no_program_reads_a_secret_of_another(compiled: Compiled) -> None:
    for program in compiled.programs.values():
        assert not [ref for ref in program.foreign if ref.node.startswith("secret_")]


@pytest.mark.parametrize("name", COMPILERS)
def test_no_value_and_no_place_for_one_is_in_what_is_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DB_PASSWORD", "SIGNING_KEY"):
        monkeypatch.setenv(variable, VALUE)
    made = COMPILERS[name]().compile(with_secrets())
    assert not [path for path, text in made.files.items() if VALUE.encode() in text]
    types = {node.type for program in made.programs.values() for node in program.nodes if isinstance(node, Node)}
    assert types.isdisjoint({"aws.secretsmanager.SecretVersion", "gcp.secretmanager.SecretVersion"})
    assert types.isdisjoint({"azure.keyvault.Secret", "random.RandomPassword"})
    assert not [config for program in made.programs.values() for config in program.settings if config.secret]


def test_the_readable_plan_lists_them(compiled: Compiled) -> None:
    record = json.loads(compiled.files["glacier.json"])
    assert [(each["name"], each["cloud"], each["tasks"]) for each in record["secrets"]] == [
        ("api key", "aws", ["three"]),
        ("api key", "azure", ["two"]),
        ("api key", "gcp", ["one"]),
        ("other", "azure", ["two"]),
    ]


def test_the_guide_has_the_commands_of_each_cloud(compiled: Compiled) -> None:
    guide = compiled.files["README.md"].decode()
    for command in ("put-secret-value", "gcloud secrets versions add", "az keyvault secret set"):
        assert command in guide
    assert guide.count("IFS= read -rs API_KEY\n") == 3
    assert all(line.startswith("printf %s ") for line in guide.splitlines() if '"$API_KEY" |' in line)


@pytest.mark.parametrize("name", COMPILERS)
def test_the_longest_name_fits_every_cloud(name: str) -> None:
    limit = providers.load(name).tables.limits["Secret", "name"]
    assert limit.max is not None
    assert limit.max >= 100


OUTPUTS = {
    "aws": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keys-1a2b3c",
    "gcp": "projects/example/secrets/keys-1a2b3c",
    "azure": "https://keys1a2b3c.vault.azure.net/secrets/api-key",
}
CALLED = {
    "aws": "aws secretsmanager put-secret-value --secret-id {} --region eu-west-1 --secret-string file:///dev/stdin",
    "gcp": "gcloud secrets versions add {} --data-file=-",
    "azure": "az keyvault secret set --id {} --file /dev/stdin --encoding utf-8 --output none",
}
# The clouds' tools, as far as the commands of the guide use them: each says how it was called, and what it was given.
TOOLS = """
cd() { :; }
pulumi() { echo "$OUTPUT"; }
took() { echo "$*" >> called; cat >> given; }
aws() { took aws "$@"; }
gcloud() { took gcloud "$@"; }
az() {
  case "$*" in
    *secret*set*) took az "$@" ;;
    *signed-in-user*) echo somebody ;;
    *"keyvault show"*) echo "id of $4" ;;
    *) echo "az $*" >> called ;;
  esac
}
"""


def block(guide: str, cloud: str) -> str:
    """The commands that put the secret in place on a cloud."""
    found = re.search(rf"```sh\n(\(\ncd {cloud}\nIFS= read -rs API_KEY\n.*?)```", guide, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("cloud", OUTPUTS)
def test_the_commands_of_the_guide_hand_the_value_over(cloud: str, compiled: Compiled, tmp_path: Path) -> None:
    """To the byte, through a pipe: on the command line others on the machine would see it."""
    guide = compiled.files["README.md"].decode()
    value = " p'a\"s $HOME \\w*rd "
    subprocess.run(
        ["bash", "-c", f"set -eu\n{TOOLS}{block(guide, cloud)}"],
        input=f"{value}\n",
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "OUTPUT": OUTPUTS[cloud]},
        check=True,
    )
    *before, called = (tmp_path / "called").read_text().splitlines()
    assert called == CALLED[cloud].format(OUTPUTS[cloud])
    assert (tmp_path / "given").read_text() == value
    role = "az role assignment create --role Key Vault Secrets Officer --assignee somebody --scope id of keys1a2b3c"
    assert before == ([role] if cloud == "azure" else [])


class Terminal:
    """A person at a shell: what is typed is sent as it is, and everything that is shown is kept."""

    def __init__(self, fd: int) -> None:
        self.fd, self.shown = fd, b""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # the shell has ended
            while more := os.read(self.fd, 65536):
                self.shown += more

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not until():
            assert time.monotonic() < end, self.shown
            time.sleep(0.02)

    def asks(self) -> bool:
        """Whether a program reads a line that is not shown; the prompt itself reads single characters."""
        mode = termios.tcgetattr(self.fd)[3]
        return bool(mode & termios.ICANON) and not mode & termios.ECHO


@contextmanager
def shell(folder: Path, output: str) -> Iterator[Terminal]:
    """An interactive bash with a history, and the clouds' tools as above."""
    (folder / "rc").write_text(f"PS1='ready> '\nHISTFILE='{folder}/history'\nOUTPUT='{output}'\n{TOOLS}")
    ours, theirs = pty.openpty()
    bash = subprocess.Popen(
        ["bash", "--rcfile", "rc", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb"},
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(ours)
    try:
        terminal.wait(lambda: b"ready> " in terminal.shown)
        yield terminal
        terminal.type("exit\n")
        bash.wait(20)
    finally:
        bash.kill()
        bash.wait()
        terminal.reader.join()
        os.close(ours)


KEY = "-----BEGIN OF A KEY-----\nc2VjcmV0\n-----END OF A KEY-----\n"


@pytest.mark.parametrize("cloud", OUTPUTS)
@pytest.mark.parametrize("value", ["hunter2", KEY], ids=["one line", "several"])
def test_a_person_who_pastes_the_commands_shows_and_records_nothing(
    cloud: str, value: str, compiled: Compiled, tmp_path: Path
) -> None:
    """All at once and as a terminal without bracketed paste sends it, where a lone `read` would take the next command.

    What has several lines comes from a file, as the guide says.
    """
    guide = compiled.files["README.md"].decode()
    commands, lines = block(guide, cloud), value.splitlines()
    if len(lines) > 1:
        (tmp_path / "FILE").write_text(value)
        assert "leave out the line with `read`, and write `cat FILE`" in guide
        commands = commands.replace("IFS= read -rs API_KEY\n", "").replace('printf %s "$API_KEY"', "cat FILE")
    given = tmp_path / "given"
    with shell(tmp_path, OUTPUTS[cloud]) as terminal:
        terminal.type(commands)
        if len(lines) == 1:
            terminal.wait(terminal.asks)
            terminal.type(f"{value}\n")
        terminal.wait(lambda: given.exists() and given.read_text() == value)
        assert (tmp_path / "called").read_text().splitlines()[-1] == CALLED[cloud].format(OUTPUTS[cloud])
    recorded = (tmp_path / "history").read_text()
    assert "API_KEY" in recorded or "cat FILE" in recorded
    assert not [line for line in lines if line in recorded or line.encode() in terminal.shown]


def test_the_guide_says_that_a_new_role_takes_a_while(compiled: Compiled) -> None:
    guide = compiled.files["README.md"].decode()
    assert guide.count("On azure: the role that lets you put a value there is new, and may take ten minutes") == 1
