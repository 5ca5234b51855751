"""Template kinds for Tiphys in Python: a `Plugin`, and a function per kind."""

from . import sandbox
from .host import Headers, Host, HostError, Response, Source, Writer
from .outcome import Outcome, done, failed, graph, pending, pod
from .plugin import Kind, Node, Plugin, Request, Workflow, fault

__all__ = [
    "Headers", "Host", "HostError", "Kind", "Node", "Outcome", "Plugin", "Request", "Response", "Source", "Workflow", "Writer",
    "done", "failed", "fault", "graph", "pending", "pod",
]

sandbox.replace_clock()
