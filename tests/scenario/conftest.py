"""conftest.py - fixtures, and what a failing test shows of the processes it ran."""

import signal

import pytest

import support


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, support.Instance):
                report.sections.append(("muster", value.describe()))


@pytest.fixture
def muster():
    """A running instance of its own for one test."""
    instance = support.Instance()
    try:
        yield instance.up()
        instance.down()
    finally:
        instance.destroy()


@pytest.fixture
def idle():
    """An instance that is not up."""
    instance = support.Instance()
    try:
        yield instance
    finally:
        instance.destroy()


@pytest.fixture(scope="module")
def shared():
    """A running instance for the tests of one file that do not disturb each other."""
    instance = support.Instance()
    try:
        yield instance.up()
        instance.down()
    finally:
        instance.destroy()


@pytest.fixture(scope="session")
def public_data():
    """The folder with public test data; set MUSTER_TEST_DATA to have it."""
    if support.PUBLIC is None or not support.PUBLIC.is_dir():
        pytest.skip("no data: MUSTER_TEST_DATA is not set")
    return support.PUBLIC


def pytest_configure():
    """A run that is told to stop takes its instances with it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
