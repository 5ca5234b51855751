"""Python in the sandbox: the clock, printing, randomness and imports, which would otherwise be missing or fault without a word."""

import _strptime  # noqa: F401  what the library imports late has to be there before
import builtins
import datetime
import encodings.ascii  # noqa: F401
import encodings.cp1252  # noqa: F401
import encodings.idna  # noqa: F401
import encodings.latin_1  # noqa: F401
import encodings.utf_8_sig  # noqa: F401
import importlib.machinery
import io
import os
import random
import sys
import time
from typing import Any, NoReturn

from wit_world.imports import clock, log

from .text import well_formed


def replace_clock() -> None:
    """Every way to ask for the time asks the host. It has to be done before a plug-in imports `datetime`."""
    time.time = time.monotonic = time.perf_counter = lambda: clock.now() / 1000
    time.time_ns = time.monotonic_ns = time.perf_counter_ns = lambda: clock.now() * 1_000_000
    time.sleep = _refuse("a plug-in must not sleep: return pending(…)")
    time.gmtime = _of_now(time.gmtime)
    time.localtime = _of_now(time.localtime)
    time.strftime = _of_broken_down_now(time.strftime)
    time.asctime = _of_broken_down_now(time.asctime)
    time.ctime = lambda seconds=None: time.asctime(time.localtime(seconds))
    datetime.datetime = DateTime
    datetime.date = Date


def _of_now(function: Any) -> Any:
    return lambda seconds=None: function(time.time() if seconds is None else seconds)


def _of_broken_down_now(function: Any) -> Any:
    return lambda *given: function(*given) if given and not isinstance(given[-1], str) else function(*given, time.localtime())


class _Same(type):
    """Values that the library made itself are instances too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1]) if cls.__module__ == __name__ else type.__instancecheck__(cls, value)


class DateTime(datetime.datetime, metaclass=_Same):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "DateTime":
        return cls.fromtimestamp(clock.now() / 1000, tz or datetime.timezone.utc).replace(tzinfo=tz)

    @classmethod
    def utcnow(cls) -> "DateTime":
        return cls.now()

    @classmethod
    def today(cls) -> "DateTime":
        return cls.now()


class Date(datetime.date, metaclass=_Same):
    @classmethod
    def today(cls) -> "Date":
        now = DateTime.now()
        return cls(now.year, now.month, now.day)


class _Lines(io.TextIOBase):
    """What is printed goes to the log, line by line."""

    def __init__(self, level: log.Level):
        self._level = level
        self._held = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._held = (self._held + text).split("\n")
        for line in lines:
            log.write(self._level, well_formed(line))
        return len(text)


class _NoImports:
    """Stands where modules would be looked up in files."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> NoReturn:
        raise ImportError(f"{name} has to be imported at the head of a module: nothing can be loaded while a plug-in runs", name=name)


def _refuse(why: str, error: type[Exception] = RuntimeError) -> Any:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise error(why)

    return refuse


def close() -> None:
    """Done at the head of each call: from here on nothing but the host is there."""
    if isinstance(sys.stdout, _Lines):
        return
    sys.stdout, sys.stderr = _Lines(log.Level.INFO), _Lines(log.Level.WARN)
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not importlib.machinery.PathFinder] + [_NoImports]
    builtins.open = io.open = no_files = _refuse("a plug-in has no files but those of host.files", PermissionError)
    for function in ("open", "stat", "lstat", "listdir", "scandir", "mkdir", "remove", "rename", "rmdir", "readlink"):
        setattr(os, function, no_files)
    os.urandom = _refuse("a plug-in has no secure randomness; request.idempotency_key is unique for each node")


def seed(text: str) -> None:
    """Makes `random` the same for every call about a node's round, and another for the next. Not for secrets."""
    random.seed(text)


def trace(error: BaseException) -> str:
    """The error and where it came from; without the source's text, which is not there."""
    lines = []
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        lines.append(f"    at {code.co_qualname} ({code.co_filename}:{at.tb_lineno})")
        at = at.tb_next
    return "\n".join([f"{type(error).__name__}: {error}", *lines[::-1][:20]])
