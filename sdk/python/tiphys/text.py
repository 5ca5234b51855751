"""Text, durations and JSON, as they cross to the engine."""

import datetime
import json
import re
from typing import Any

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

Duration = str | datetime.timedelta


def well_formed(text: Any) -> str:
    """The text without halves of surrogate pairs, which UTF-8 cannot say."""
    return re.sub("[\ud800-\udfff]", "\ufffd", str(text))


def one_line(text: Any) -> str:
    return " ".join(well_formed(text).split("\n")).replace("\r", "").strip()


def to_json(value: Any) -> str:
    return well_formed(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def milliseconds(duration: Duration) -> int:
    """Of "5s", "1m30s", "250ms", or a timedelta."""
    if isinstance(duration, datetime.timedelta):
        return max(0, round(duration.total_seconds() * 1000))
    if not isinstance(duration, str) or not re.fullmatch(r"(\d+(\.\d+)?(ms|s|m|h|d))+", duration):
        raise TypeError(f'{duration!r} is no duration: write "5s", "1m30s" or a timedelta')
    return round(sum(float(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", duration)))
