"""Decisions about boards that are not here: facts in, plan or refusal out."""

from __future__ import annotations

import dataclasses
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.deployment import host_keys
from kenning_lego.deployment.errors import BoardUnfitError, DeploymentError
from kenning_lego.deployment.facts import BoardFacts, read_facts
from kenning_lego.deployment.ground import Service, Wish, check_space, find_ground
from kenning_lego.deployment.layout import Layout
from kenning_lego.deployment.plan import Action, Goal, identity, make_plan
from kenning_lego.deployment.service import serve_command, shell_line, unit
from kenning_lego.deployment.ssh import with_variables
from kenning_lego.deployment.ssh_errors import explain
from kenning_lego.deployment.ssh_options import SshOptions

# As probe.sh prints it on a Raspberry Pi OS of 2023; written by hand.
PI = """\
user\tpi
uid\t1000
home\t/home/pi
base\t/home/pi/.local/share/kenning-lego
machine\taarch64
system\tLinux
release\tDebian GNU/Linux 12 (bookworm)
model\tRaspberry Pi 5 Model B Rev 1.0
memory_kb\t8245824
tool\tsha256sum
tool\tflock
free_kb\t20000000
writable\t/home/pi
python\t/usr/bin/python3|3.11|CPython|64|glibc 2.36|yes||/usr/bin/python3.11
ldd\tldd (Debian GLIBC 2.36-9+rpt2+deb12u3) 2.36
systemd\tuser
systemd\tsystem
linger\tno
root\tsudo
user_unit_path\t/home/pi/.config/systemd/user/kenning-lego.service
end\tyes
"""
NANO = "python\t/usr/bin/python3|3.10|CPython|64|glibc 2.35|yes|1.18.0|/usr/bin/python3.10\n"
GOAL = Goal("1.0-abc", "K" * 40, "user", "ExecStart=/home/pi/.local/share/kenning-lego/x\n")


def facts(extra: str = "", *, without: str = "") -> BoardFacts:
    lines = [line for line in PI.splitlines() if not without or not line.startswith(f"{without}\t")]
    return read_facts(extra + "\n".join(lines) + "\n")


def deployed(goal: Goal = GOAL) -> BoardFacts:
    """A board on which the goal has been reached."""
    return dataclasses.replace(
        facts(),
        current=goal.identity,
        environments=(goal.identity,),
        board_key="kenning-lego-key board ...\n",
        authorised=f"kenning-lego-key lab {goal.host_key}\n",
        units={} if goal.service == "none" else {goal.service: goal.unit},
        services={} if goal.service == "none" else {goal.service: "active"},
    )


def test_raspberry_pi_gets_a_user_service() -> None:
    ground = find_ground(facts(), Wish())
    assert (ground.engine, ground.sees_system) == ("onnxruntime", False)
    assert str(facts().platform(ground.python)) == "Python 3.11 on aarch64, glibc 2.36"
    assert make_plan(facts(), GOAL) == (
        Action.SEND,
        Action.INSTALL,
        Action.MAKE_KEY,
        Action.AUTHORISE,
        Action.TRY,
        Action.WRITE_UNIT,
        Action.SWITCH,
        Action.START,
    )


def test_jetson_keeps_the_engine_of_its_system() -> None:
    ground = find_ground(facts(NANO), Wish())
    assert (ground.python.version, ground.engine, ground.sees_system) == ((3, 10), "none", True)
    asked = find_ground(facts(NANO), Wish(engine="onnxruntime"))
    assert (asked.engine, asked.sees_system) == ("onnxruntime", False)
    assert find_ground(facts(NANO), Wish(python="3.11")).engine == "onnxruntime"


def test_32_bit_python_on_a_64_bit_kernel_gets_32_bit_wheels() -> None:
    board = facts(
        "python\t/usr/bin/python3|3.11|CPython|32|glibc 2.36|yes||/usr/bin/python3.11\n",
        without="python",
    )
    assert board.platform(board.pythons[0]).architecture == "armv7l"


def test_alpine_says_musl_through_ldd() -> None:
    board = facts("ldd\tmusl libc (aarch64)  Version 1.2.4\n", without="ldd")
    python = dataclasses.replace(board.pythons[0], libc="")
    assert str(board.platform(python)) == "Python 3.11 on aarch64, musl 1.2"


@pytest.mark.parametrize("service", ["user", "system", "none"])
def test_what_is_so_already_is_left_alone(service: Service) -> None:
    goal = dataclasses.replace(GOAL, service=service, unit="" if service == "none" else GOAL.unit)
    assert make_plan(deployed(goal), goal) == ()


def test_upgrade_restarts_the_service_and_drops_the_former_version() -> None:
    newer = dataclasses.replace(GOAL, identity="1.1-def")
    assert make_plan(deployed(), newer) == (
        Action.SEND,
        Action.INSTALL,
        Action.TRY,
        Action.SWITCH,
        Action.START,
        Action.PRUNE,
    )


def test_stopped_service_is_started() -> None:
    board = dataclasses.replace(deployed(), services={"user": "failed"})
    assert make_plan(board, GOAL) == (Action.START,)


def test_other_kind_of_service_is_replaced() -> None:
    system = dataclasses.replace(GOAL, service="system")
    plan = make_plan(deployed(), system)
    assert plan == (Action.REMOVE_SERVICE, Action.WRITE_UNIT, Action.START)


@given(
    st.sets(st.sampled_from(["1.0-abc", "0.9-aaa", "0.8-bbb"])),
    st.sampled_from(["", "1.0-abc", "0.9-aaa"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["active", "inactive", "failed", ""]),
    st.sampled_from(["", GOAL.unit, f"# older\n{GOAL.unit}"]),
    st.sampled_from(["user", "none"]),
)
def test_nothing_becomes_current_untried_and_plans_end(
    environments: set[str],
    current: str,
    has_key: bool,
    admits: bool,
    state: str,
    text: str,
    service: Service,
) -> None:
    goal = dataclasses.replace(GOAL, service=service, unit="" if service == "none" else GOAL.unit)
    board = dataclasses.replace(
        facts(),
        current=current,
        environments=tuple(environments),
        board_key="key" if has_key else "",
        authorised=GOAL.host_key if admits else "",
        units={"user": text} if text else {},
        services={"user": state},
    )
    plan = make_plan(board, goal)
    assert list(plan) == sorted(plan, key=list(Action).index)
    assert (Action.SWITCH in plan) <= (Action.TRY in plan)
    assert (Action.INSTALL in plan) == (goal.identity not in environments)
    assert (Action.INSTALL in plan) == (Action.SEND in plan)
    assert make_plan(after(plan, board, goal), goal) == ()


def after(plan: tuple[Action, ...], board: BoardFacts, goal: Goal) -> BoardFacts:
    """The board once a plan is carried out."""
    for action in plan:
        match action:
            case Action.INSTALL:
                there = (*board.environments, goal.identity)
                board = dataclasses.replace(board, environments=there)
            case Action.MAKE_KEY:
                board = dataclasses.replace(board, board_key="key")
            case Action.AUTHORISE:
                board = dataclasses.replace(board, authorised=goal.host_key)
            case Action.REMOVE_SERVICE:
                kept: dict[str, str] = {k: v for k, v in board.units.items() if k == goal.service}
                board = dataclasses.replace(board, units=kept)
            case Action.WRITE_UNIT:
                board = dataclasses.replace(board, units=deployed(goal).units)
            case Action.SWITCH:
                board = dataclasses.replace(board, current=goal.identity)
            case Action.START:
                board = dataclasses.replace(board, services={goal.service: "active"})
            case Action.PRUNE:
                board = dataclasses.replace(board, environments=(goal.identity,))
            case _:
                continue
    return board


@pytest.mark.parametrize(
    ("extra", "without", "wish", "said"),
    [
        ("", "python", Wish(), r"no Python 3\.10 or newer .*apt install python3"),
        ("", "", Wish(python="3.12"), r"no Python 3\.12 on the board, only CPython 3\.11"),
        (
            "python\t/usr/bin/python3|3.9|CPython|64|glibc 2.31|yes||/usr/bin/python3.9\n",
            "python",
            Wish(),
            r"only CPython 3\.9",
        ),
        (
            "python\t/usr/bin/python3|3.11|CPython|64|glibc 2.36|no||/usr/bin/python3.11\n",
            "python",
            Wish(),
            "no module venv .*apt install python3-venv",
        ),
        ("", "systemd", Wish(), "systemd does not run there .*--no-service"),
        ("", "root", Wish(service="system"), "sudo asks pi for a password"),
        ("", "writable", Wish(), "cannot write .*--directory"),
        ("", "tool", Wish(), "no sha256sum"),
        ("system\tDarwin\n", "system", Wish(), "runs Darwin .*needs Linux"),
        ("base\t/home/a$b\n", "base", Wish(), "has a character"),
        (
            "user_unit\tExecStart=/opt/other/current/bin/kenning-lego\n",
            "",
            Wish(),
            "for another directory",
        ),
    ],
)
def test_unfit_board_is_refused_with_the_remedy(
    extra: str, without: str, wish: Wish, said: str
) -> None:
    with pytest.raises(BoardUnfitError, match=said):
        find_ground(facts(extra, without=without), wish)


def test_service_is_no_reason_to_refuse_who_wants_none() -> None:
    board = facts("user_unit\tExecStart=/opt/other/x\n", without="systemd")
    assert find_ground(board, Wish(service="none")).engine == "onnxruntime"
    assert not board.own_units()


def test_full_disk_is_refused() -> None:
    check_space(facts(), 45_000_000, 140_000_000)
    with pytest.raises(BoardUnfitError, match=r"20480 MB free, and \d+ MB are needed"):
        check_space(facts(), 45_000_000, 20_000_000_000)


def test_identity_tells_apart_whatever_changes_the_environment() -> None:
    ground = find_ground(facts(), Wish())
    others = [
        identity("1.0", "aa", ground),
        identity("1.1", "aa", ground),
        identity("1.0", "bb", ground),
        identity("1.0", "aa", dataclasses.replace(ground, engine="none")),
        identity("1.0", "aa", dataclasses.replace(ground, sees_system=True)),
    ]
    assert len(set(others)) == len(others)
    assert identity("1.0", "aa", ground) == others[0]


@pytest.mark.parametrize("text", ["", "user\tpi\n", PI.replace("end\tyes", ""), "\x00\t\x00"])
def test_answer_that_breaks_off_is_refused(text: str) -> None:
    with pytest.raises(DeploymentError, match="answered the probe with something else"):
        read_facts(text)


@settings(max_examples=25)
@given(st.dictionaries(st.from_regex(r"\A[a-z]{3,8}_x\Z"), st.text(), max_size=4))
def test_values_reach_the_shell_as_they_are(values: dict[str, str]) -> None:
    values = {k: v.replace("\0", "").replace("\r", "") for k, v in values.items()}
    values = {k: v.encode(errors="replace").decode() for k, v in values.items()}
    script = "\n".join(f'printf "%s\\000" "${name}"' for name in values)
    done = subprocess.run(
        ["/bin/sh"], input=with_variables(script, values).encode(), capture_output=True, check=True
    )
    assert done.stdout.decode().split("\0")[:-1] == list(values.values())


def test_nul_reaches_no_shell() -> None:
    with pytest.raises(ConfigurationError, match="NUL"):
        with_variables("", {"name": "a\0b"})


@pytest.mark.parametrize(
    "destination", ["-oProxyCommand=x", "a b", "", "pi@-x", "pi@board;ls", "$(x)@board", "@board"]
)
def test_what_ssh_could_misread_names_no_board(destination: str) -> None:
    with pytest.raises(ConfigurationError, match="does not name a board"):
        SshOptions(destination)


@pytest.mark.parametrize(
    "destination",
    ["board", "pi@board.local", "pi@10.0.0.7", "ssh://pi@board:2222", "pi@[fe80::1%eth0]", "::1"],
)
def test_boards_are_named_as_ssh_takes_them(destination: str) -> None:
    if destination == "::1":
        with pytest.raises(ConfigurationError):
            SshOptions(destination)
        return
    assert SshOptions(destination).destination == destination


def test_ssh_never_skips_the_host_key() -> None:
    arguments = SshOptions("board", 22, None, ("A=b",)).arguments()
    assert not any("StrictHostKeyChecking" in each or "KnownHosts" in each for each in arguments)
    assert arguments[:2] == ["-o", "A=b"]
    assert "BatchMode=yes" in arguments
    assert "BatchMode=no" in SshOptions("board", interactive=True).arguments()


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("ssh: Could not resolve hostname nowhere: Name or service not known", "is not known"),
        ("ssh: connect to host b port 22: Connection refused", "nothing listens for ssh"),
        ("ssh: connect to host b port 22: Connection timed out", "cannot be reached"),
        ("ssh: connect to host b port 22: No route to host", "cannot be reached"),
        ("pi@b: Permission denied (publickey,password).", "does not let this user in"),
        ("No ED25519 host key is known for b\nHost key verification failed.", "is not known here"),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "another host key .*ssh-keygen -R",
        ),
        ("Received disconnect: Too many authentication failures", "IdentitiesOnly"),
        ("command-line: line 0: Bad configuration option: foo", "--ssh-option"),
        ("", "ssh ended without a word"),
        ("something new", "something new"),
    ],
)
def test_what_ssh_says_comes_with_a_remedy(errors: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        raise explain("pi@b", errors)


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        ("pi@board.local", "board.local"),
        ("pi4", "pi4"),
        ("ssh://pi@board:2222", "board"),
        ("pi@10.0.0.7", "10.0.0.7"),
        ("pi@[fe80::1]", "fe80--1"),
    ],
)
def test_board_is_called_as_it_was_named(destination: str, name: str) -> None:
    assert host_keys.board_name(destination).strip("-") == name


def test_units_differ_where_services_do() -> None:
    layout = Layout("/srv/kenning lego")
    user, system = (
        unit(layout, "tcp://0.0.0.0:5570", kind, "pi").splitlines()
        for kind in ("user", "system")
    )  # fmt: skip
    assert 'ExecStart="/srv/kenning lego/current/bin/kenning-lego" serve' in "\n".join(user)
    assert set(system) - set(user) == {"User=pi", "WantedBy=multi-user.target"}
    assert unit(layout, "tcp://0.0.0.0:5570", "none", "pi") == ""


def test_command_can_be_pasted() -> None:
    words = serve_command(Layout("/srv/it's here"), "tcp://0.0.0.0:5570")
    assert tuple(shlex.split(shell_line(words))) == words


def test_example_is_what_deploy_writes() -> None:
    example = Path(__file__).parents[2] / "examples" / "kenning-lego.service"
    layout = Layout("%h/.local/share/kenning-lego")
    assert example.read_text() == unit(layout, "tcp://0.0.0.0:5570", "user", "")
