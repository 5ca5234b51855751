"""The plug-in: its manifest, its kinds, and what a call is."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from wit_world.imports import types

from . import sandbox
from .host import Host, HostError
from .outcome import Outcome, failed
from .text import one_line, to_json


@dataclass(frozen=True)
class Workflow:
    name: str
    namespace: str
    uid: str


@dataclass(frozen=True)
class Node:
    id: str
    name: str


@dataclass(frozen=True)
class Request:
    """One call: run this template once."""

    workflow: Workflow
    node: Node
    template: str
    """The template's name; empty for an inline template."""
    attempt: int
    """How often a user's retry of the whole workflow began this node anew."""
    idempotency_key: str
    """The same for every call about this node."""
    kind: str
    body: Any
    """Every tag is replaced."""
    parameters: dict[str, str]
    """The input parameters."""
    artifacts: dict[str, dict]
    """Where the input artifacts are: for `host.artifacts.open`."""
    outputs: dict[str, list[dict]]
    """The outputs that the template declares: `{"parameters": [{"name": …}], "artifacts": [{"name": …}]}`."""
    deadline: datetime | None
    round: int
    """How often `pending` was answered about this node before."""
    state: Any
    """What the last `pending` left; None at first."""


Execute = Callable[[Request, Host], Outcome]
Validate = Callable[[Any], Iterable[types.Fault] | None]


def fault(pointer: str, message: str) -> types.Fault:
    """A fault in a body, at a JSON pointer such as `/headers/0/name`."""
    return types.Fault(pointer, one_line(message))


class Kind:
    def __init__(self, about: dict, execute: Execute):
        self.about = about
        self.execute = execute
        self.validate: Validate | None = None

    def validator(self, validate: Validate) -> Validate:
        """Decorates a function that yields the faults of a body, beyond its schema. Values with tags (`{{…}}`) are not known yet."""
        self.validate = validate
        return validate

    def __call__(self, request: Request, host: Host) -> Outcome:
        return self.execute(request, host)


_WANTS = ("http", "secrets", "config-maps", "artifacts", "folders", "memory", "time", "log", "fuel")


class Plugin:
    def __init__(self, name: str, version: str, description: str = "", wants: dict[str, Any] | None = None):
        self.about = {"name": name, "version": version, "description": description}
        self.wants = {key.replace("_", "-"): value for key, value in (wants or {}).items()}
        self.kinds: dict[str, Kind] = {}
        for key in self.wants:
            if key not in _WANTS:
                raise ValueError(f"there is no {key} to want, only {', '.join(_WANTS)}")

    def kind(self, name: str, *, description: str = "", schema: dict | None = None, outputs: dict | None = None) -> Callable[[Execute], Kind]:
        """Decorates the function that runs a template of that kind."""

        def decorate(execute: Execute) -> Kind:
            if name in self.kinds:
                raise ValueError(f"there are two kinds {name}")
            about = {"name": name, "description": description, "schema": schema or {}, "outputs": outputs or {}}
            self.kinds[name] = Kind(about, execute)
            return self.kinds[name]

        return decorate

    def manifest(self) -> str:
        return to_json({**self.about, "kinds": [kind.about for kind in self.kinds.values()], "wants": self.wants})

    def faults(self, name: str, body: str) -> list[types.Fault]:
        kind = self.kinds.get(name)
        if kind is None or kind.validate is None:
            return []
        try:
            return list(kind.validate(json.loads(body)) or [])
        except BaseException as error:
            return [fault("", _message(error))]

    def outcome(self, raw: types.Request, host: Host) -> types.Outcome:
        return self._outcome(raw, host).value

    def _outcome(self, raw: types.Request, host: Host) -> Outcome:
        kind = self.kinds.get(raw.kind)
        if kind is None:
            return failed(f'this plug-in has no kind "{raw.kind}"')
        try:
            sandbox.seed(f"{raw.idempotency_key}/{raw.round}")
            outcome = kind(_request(raw), host)
        except Outcome as raised:
            return raised
        except BaseException as error:
            if not isinstance(error, HostError):
                host.log.error(sandbox.trace(error))
            return failed(_message(error), retryable=getattr(error, "retryable", False) is True)
        if isinstance(outcome, Outcome):
            return outcome
        said = f"the kind {raw.kind} returned {type(outcome).__name__}; it has to return done(…), failed(…), pending(…), pod(…) or graph(…)"
        return failed(said)


def _request(raw: types.Request) -> Request:
    inputs = json.loads(raw.inputs or "{}")
    return Request(
        workflow=Workflow(raw.workflow_name, raw.workflow_namespace, raw.workflow_uid),
        node=Node(raw.node_id, raw.node_name),
        template=raw.template_name,
        attempt=raw.attempt,
        idempotency_key=raw.idempotency_key,
        kind=raw.kind,
        body=json.loads(raw.body),
        parameters=inputs.get("parameters") or {},
        artifacts=inputs.get("artifacts") or {},
        outputs={"parameters": [], "artifacts": [], **json.loads(raw.outputs or "{}")},
        deadline=None if raw.deadline is None else datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=raw.deadline),
        round=raw.round,
        state=None if raw.state is None else json.loads(raw.state),
    )


def _message(error: BaseException) -> str:
    """The words of an error that was raised on purpose; its class too where a program's own fault needs it."""
    plain = isinstance(error, HostError) or type(error) in (Exception, RuntimeError, ValueError)
    return one_line(error if plain and str(error) else f"{type(error).__name__}: {error}".removesuffix(": "))
