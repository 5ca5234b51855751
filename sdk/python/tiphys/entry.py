"""What the component exports: the `plugin` of the project's `plugin.py`."""

import wit_world.exports

from . import sandbox
from .host import Host
from .plugin import Plugin

try:
    from plugin import plugin
except ImportError as error:
    if error.name not in ("plugin", None) or "circular" in str(error):
        raise
    raise ImportError("plugin.py has to define `plugin = Plugin(…)`") from error

if not isinstance(plugin, Plugin) or not plugin.kinds:
    raise TypeError("`plugin` in plugin.py has to be a Plugin with at least one kind")


class Template(wit_world.exports.Template):
    def describe(self) -> str:
        return plugin.manifest()

    def validate(self, kind: str, body: str) -> list:
        sandbox.close()
        return plugin.faults(kind, body)

    def execute(self, request):
        sandbox.close()
        return plugin.outcome(request, Host())
