"""Symbols for values that differ between runs: IDs, times, temporary folders and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from .background import Json

UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
DIGEST = re.compile("sha256:[0-9a-f]{64}")
TIME_TAG = re.compile(r"\d{4}-\d\d-\d\dt\d\d-\d\d-\d\d-\d+-00-00")  # the default tag of an image
RULE_START = re.compile(r"DTSTART:(\d{8})T\d{6}(?![\dZ])")  # the server adds the current time to a rule without a start

# Times further away than this come from the case and are not relative to now.
NEAR = timedelta(days=60)


class Symbols:
    """The symbols of one run of a case.

    The ID of `etl/prod` becomes `<deployment:etl/prod>`. If the deployment is created again, its new ID becomes
    `<deployment:etl/prod#2>`. A time becomes `<now>` or `<now +120 min>`, relative to when it was first seen.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._of_id: dict[str, str] = {}
        self._bearers: dict[str, int] = {}
        self._of_instant: dict[str, str] = {}

    def learn(self, kind: str, ids: dict[str, str]) -> None:
        for name, identity in ids.items():
            if identity not in self._of_id:
                bearer = f"{kind}:{name}"
                self._bearers[bearer] = count = self._bearers.get(bearer, 0) + 1
                self._of_id[identity] = f"<{bearer}#{count}>" if count > 1 else f"<{bearer}>"

    def hide(self, value: Json) -> Json:
        """Replaces values by their symbols."""
        return _map_texts(value, self._hide_in)

    def reveal(self, value: Json) -> Json:
        """Replaces symbols by their values."""
        return _map_texts(value, self._reveal_in)

    def _reveal_in(self, text: str) -> str:
        for real, symbol in [*self._of_id.items(), *self._texts.items()]:
            text = text.replace(symbol, real)
        return text

    def _hide_in(self, text: str) -> str:
        for real, symbol in self._texts.items():
            text = text.replace(real, symbol)
        text = UUID.sub(lambda match: self._of_id.get(match[0], "<uuid>"), text)
        text = DIGEST.sub("<digest>", text)
        text = TIME_TAG.sub("<time-tag>", text)
        text = RULE_START.sub(_rule_start, text)
        return INSTANT.sub(self._instant, text)

    def _instant(self, match: re.Match[str]) -> str:
        text = match[0]
        if text not in self._of_instant:
            self._of_instant[text] = _instant_symbol(text)
        return self._of_instant[text]


def _instant_symbol(text: str) -> str:
    try:
        distance = datetime.fromisoformat(text.replace("Z", "+00:00")) - datetime.now(timezone.utc)
    except ValueError:  # looks like a time, but is invalid
        return text
    if abs(distance) >= NEAR:
        return text
    minutes = 5 * round(distance / timedelta(minutes=5))
    return f"<now {minutes:+} min>" if minutes else "<now>"


def _rule_start(match: re.Match[str]) -> str:
    now = datetime.now(timezone.utc)
    about_today = {f"{now + timedelta(days=days):%Y%m%d}" for days in (-1, 0, 1)}
    return "DTSTART:<now>" if match[1] in about_today else match[0]


def _map_texts(value: Json, change: Callable[[str], str]) -> Json:
    """Applies a function to every string in a JSON value, including keys."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_texts(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _map_texts(item, change) for key, item in value.items()}
    return value
