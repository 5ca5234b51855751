"""How a call ends."""

from typing import Any

from wit_world.imports import types

from .text import Duration, milliseconds, one_line, to_json


class Outcome(Exception):
    """How a call ends. It is returned, or raised."""

    def __init__(self, value: "types.Outcome"):
        super().__init__(type(value).__name__)
        self.value = value


def _outputs(result: Any, parameters: dict | None, artifacts: dict | None, exit_code: int | str | None, message: str | None) -> str:
    said = {
        "result": result,
        "parameters": parameters,
        "artifacts": artifacts,
        "exitCode": None if exit_code is None else str(exit_code),
        "message": None if message is None else one_line(message),
    }
    return to_json({key: value for key, value in said.items() if value is not None})


def done(
    result: Any = None,
    *,
    parameters: dict[str, Any] | None = None,
    artifacts: dict[str, dict] | None = None,
    exit_code: int | str | None = None,
    message: str | None = None,
) -> Outcome:
    """It is done. What is no string is kept as its JSON text."""
    return Outcome(types.Outcome_Done(_outputs(result, parameters, artifacts, exit_code, message)))


def failed(
    message: str,
    *,
    retryable: bool = False,
    result: Any = None,
    parameters: dict[str, Any] | None = None,
    artifacts: dict[str, dict] | None = None,
    exit_code: int | str | None = None,
) -> Outcome:
    """It failed. With `retryable=True` another attempt may fare better: the template's retry strategy is asked."""
    given = (result, parameters, artifacts, exit_code)
    outputs = None if all(part is None for part in given) else _outputs(*given, None)
    return Outcome(types.Outcome_Failed(types.Failure(one_line(message), retryable, outputs)))


def pending(after: Duration, *, state: Any = None, message: str = "") -> Outcome:
    """It goes on later: called again after that time, with that state (up to 64 KiB as JSON, not for secrets)."""
    return Outcome(types.Outcome_Pending(types.Pending(milliseconds(after), to_json(state), one_line(message))))


def pod(template: dict) -> Outcome:
    """It is a pod: an Argo template with `container`, `containerSet`, volumes and so on."""
    return Outcome(types.Outcome_Pod(to_json({"template": template})))


def graph(*, steps: list | None = None, dag: dict | None = None) -> Outcome:
    """It is a graph of other templates of the workflow, as Argo has them."""
    if (steps is None) == (dag is None):
        raise TypeError("a graph has either steps or a dag")
    return Outcome(types.Outcome_Graph(to_json({"steps": steps} if dag is None else {"dag": dag})))
