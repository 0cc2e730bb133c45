import os
import signal
import subprocess
import sys
import time

import pytest

from wildaffect.cli.stopping import STOPS, status_of, stops_on_signals
from wildaffect.core.errors import Stopped


@pytest.fixture(autouse=True)
def default_handlers():
    """As at a terminal, also where the tests themselves were started with `nohup`."""
    before = {each: signal.signal(each, signal.SIG_DFL) for each in STOPS}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_is_raised_where_the_command_is_and_has_its_status(number, status, capsys):
    with pytest.raises(Stopped) as stop, stops_on_signals():
        signal.raise_signal(number)
    assert status_of(stop.value) == status
    assert capsys.readouterr().err == f"wildaffect: stopped by {number.name}\n"
    assert [signal.getsignal(each) for each in STOPS] == [signal.SIG_DFL] * len(STOPS)


def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stops_on_signals():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_reader_that_leaves_early_ends_the_command_without_a_traceback():
    command = [sys.executable, "-m", "wildaffect", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    child = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert child.stderr == b""


WITH_A_THREAD = """
import signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=time.sleep, args=(20,)).start()
from wildaffect.cli.main import program
sys.argv = ["wildaffect", "--version"]
sys.exit(program())
"""


def test_an_interrupt_ends_a_command_that_waits_for_a_thread_at_its_end():
    """Python itself prints a traceback there, and may hang or abort."""
    command = [sys.executable, "-c", WITH_A_THREAD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.readline()
        time.sleep(0.5)  # the command has ended, and Python waits
        child.send_signal(signal.SIGINT)
        _, printed = child.communicate(timeout=10)
    assert printed == b""
    assert child.returncode == -signal.SIGINT
