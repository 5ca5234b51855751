"""What the host gives to a call: log, clock, HTTP, secrets, config maps, artifacts and folders. Each needs its grant."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode

from componentize_py_types import Err
from wit_world.imports import artifacts, clock, config_maps, files, http, log, secrets

from .text import Duration, milliseconds, to_json, well_formed

CHUNK = 64 * 1024
_PASSING = {"dns", "connect", "tls", "timeout", "broken", "failed"}


class HostError(Exception):
    """The host did not do what it was asked: `kind` says why (`not-granted`, `timeout` …), `retryable` whether it may go well another time."""

    def __init__(self, kind: str, message: str, retryable: bool | None = None):
        super().__init__(message)
        self.kind = kind
        self.retryable = kind in _PASSING if retryable is None else retryable


def _ask(question: Callable, *given: Any) -> Any:
    """Asks the host, and raises what it refuses as a HostError."""
    try:
        return question(*given)
    except Err as refused:
        case = type(refused.value).__name__.partition("_")[2]
        kind = re.sub(r"(?<!^)([A-Z])", r"-\1", case).lower()
        raise HostError(kind, refused.value.value) from None


class Source:
    """Something that is read to its end, or chunk by chunk."""

    def __init__(self, read: Callable[[int], bytes], origin: str):
        self._read = read
        self.origin = origin

    def read(self, limit: int = CHUNK) -> bytes:
        """The next bytes; empty at the end."""
        return _ask(self._read, limit)

    def chunks(self, limit: int = CHUNK) -> Iterator[bytes]:
        while chunk := self.read(limit):
            yield chunk

    def lines(self) -> Iterator[str]:
        """Lines, without their ends; only one chunk and one line are held at a time."""
        held = bytearray()
        for chunk in self.chunks():
            *whole, rest = chunk.split(b"\n")
            for line in whole:
                held += line
                yield held.removesuffix(b"\r").decode("utf-8", "replace")
                held.clear()
            held += rest
        if held:
            yield held.decode("utf-8", "replace")

    def bytes(self) -> bytes:
        return b"".join(self.chunks())

    def text(self) -> str:
        return self.bytes().decode("utf-8", "replace")

    def json(self) -> Any:
        text = self.text()
        try:
            return json.loads(text)
        except ValueError as error:
            raise HostError("invalid", f"{self.origin} is not JSON ({error}): {text[:80]}") from None


class Headers:
    def __init__(self, pairs: list[tuple[str, str]]):
        self._pairs = pairs

    def get(self, name: str, otherwise: str | None = None) -> str | None:
        """The header of that name, in any case; several values joined by commas."""
        values = [value for key, value in self._pairs if key == name.lower()]
        return ", ".join(values) if values else otherwise

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)


class Response(Source):
    def __init__(self, resource: http.Response, method: str):
        self.status: int = resource.status()
        self.url: str = resource.url()
        self.headers = Headers(resource.headers())
        self.method = method
        super().__init__(resource.read, f"the answer of {self.url}")

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def check(self) -> "Response":
        """Itself, or a HostError if the status is not 2xx; 408, 429 and 5xx are retryable."""
        if self.ok:
            return self
        says = " ".join(self.read(400).decode("utf-8", "replace").split())
        passing = self.status in (408, 429) or self.status >= 500
        raise HostError("status", f"{self.method} {self.url} answered {self.status}" + (f": {says[:200]}" if says else ""), passing)


class Http:
    def request(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        body: "bytes | str | None" = None,
        json: Any = None,
        timeout: Duration | None = None,
        redirects: int = 10,
        insecure: bool = False,
        roots: str | None = None,
        identity: tuple[str, str] | None = None,
    ) -> Response:
        """Sends a request and waits for the response's headers. `identity` is a PEM certificate and its key."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers or [])
        if json is not None:
            body = to_json(json)
            if not any(name.lower() == "content-type" for name, _ in pairs):
                pairs.append(("content-type", "application/json"))
        if isinstance(body, str):
            body = well_formed(body).encode()
        options = http.Options(
            timeout=None if timeout is None else milliseconds(timeout),
            redirects=redirects,
            insecure=insecure,
            roots=roots,
            identity=None if identity is None else http.Identity(*identity),
        )
        pairs = [(name, str(value)) for name, value in pairs]
        return Response(_ask(http.send, http.Request(method.upper(), _with_query(url, query), pairs, body, options)), method.upper())

    def get(self, url: str, **options: Any) -> Response:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> Response:
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> Response:
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> Response:
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> Response:
        return self.request("DELETE", url, **options)


def _with_query(url: str, query: Mapping[str, Any] | None) -> str:
    text = urlencode({name: value for name, value in (query or {}).items() if value is not None}, quote_via=quote)
    if not text:
        return url
    address, mark, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{text}{mark}{fragment}"


class Writer:
    def __init__(self, resource: artifacts.Writer):
        self._resource = resource

    def write(self, data: "bytes | str") -> "Writer":
        whole = memoryview(well_formed(data).encode() if isinstance(data, str) else data)
        for at in range(0, len(whole), CHUNK):
            _ask(self._resource.write, bytes(whole[at : at + CHUNK]))
        return self

    def finish(self) -> dict:
        """The artifact's location, for `done(artifacts=…)`."""
        return json.loads(_ask(self._resource.finish))


class Artifacts:
    """A location is an Argo artifact object as a dict: `{"s3": {"key": "in/a.json"}}`."""

    def list(self, location: dict, *, after: str | None = None, page: int = 1000) -> Iterator[artifacts.Entry]:
        """Every entry (`key`, `size`) below a location, in order of their keys."""
        while True:
            entries = _ask(artifacts.entries, to_json(location), after, page)
            yield from entries
            if len(entries) < page:
                return
            after = entries[-1].key

    def open(self, location: dict) -> Source:
        return Source(_ask(artifacts.open, to_json(location)).read, "the artifact")

    def create(self, name: str) -> Writer:
        return Writer(_ask(artifacts.create, name))

    def write(self, name: str, data: "bytes | str") -> dict:
        """Writes a whole artifact: its location."""
        return self.create(name).write(data).finish()


class Files:
    """Granted folders. A path is the granted name, then what is below it: `models/a.json`."""

    def read(self, path: str, offset: int = 0, limit: int = CHUNK) -> bytes:
        return _ask(files.read, path, offset, limit)

    def open(self, path: str) -> Source:
        offset = 0

        def read(limit: int) -> bytes:
            nonlocal offset
            chunk = files.read(path, offset, limit)
            offset += len(chunk)
            return chunk

        return Source(read, path)

    def list(self, path: str) -> "list[files.Entry]":
        """What is in a folder (`name`, `folder`, `size`), by name."""
        return _ask(files.entries, path)


class Secrets:
    def get(self, name: str, key: str) -> str:
        return self.bytes(name, key).decode("utf-8", "replace")

    def bytes(self, name: str, key: str) -> "bytes":
        return _ask(secrets.get, name, key)


class ConfigMaps:
    def get(self, name: str, key: str) -> str:
        return _ask(config_maps.get, name, key)


class Log:
    def _write(self, level: log.Level, values: tuple) -> None:
        log.write(level, well_formed(" ".join(str(value) for value in values)))

    def debug(self, *values: Any) -> None:
        self._write(log.Level.DEBUG, values)

    def info(self, *values: Any) -> None:
        self._write(log.Level.INFO, values)

    def warn(self, *values: Any) -> None:
        self._write(log.Level.WARN, values)

    def error(self, *values: Any) -> None:
        self._write(log.Level.ERROR, values)


class Clock:
    def now(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=clock.now())


class Host:
    """What the operator granted. Refusals are raised as HostError."""

    def __init__(self) -> None:
        self.log = Log()
        self.clock = Clock()
        self.http = Http()
        self.secrets = Secrets()
        self.config_maps = ConfigMaps()
        self.artifacts = Artifacts()
        self.files = Files()
