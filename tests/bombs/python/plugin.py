"""A plug-in that misbehaves in the way its body asks for: `{"bomb": "loop"}`, or `{"bomb": "log", "size": 10}`. What it does must harm
nobody but itself."""

import sys

from tiphys import Plugin, done, pending


def loop(request, host):
    while True:
        pass


def alloc(request, host):
    held = []
    while True:
        held.append(bytearray(b"x") * (1 << 20))


def recurse(request, host):
    sys.setrecursionlimit(1 << 30)

    def deeper(depth):
        return deeper(depth + 1) + depth

    return done(deeper(1))


def output(request, host):
    return done("x" * request.body.get("size", 1 << 30))


def log(request, host):
    lines = request.body.get("size", 1_000_000)
    for line in range(lines):
        host.log.info(f"line {line} of {lines}")
    return done(lines)


def linger(request, host):
    """Never done, and each time with twice as much to remember."""
    state = "x" * 1024 if request.state is None else request.state * 2
    return pending("1ms", state=state, message=f"remembers {len(state)} characters")


def trespass(request, host):
    return done(f"got in: {host.http.get('http://ungranted.example.test/').status}")


def pry(request, host):
    return done(f"got in: {len(host.files.read('ungranted/passwd'))} bytes")


def panic(request, host):
    raise RuntimeError("the bomb went off")


BOMBS = {
    "loop": loop, "alloc": alloc, "recurse": recurse, "output": output, "log": log, "pending": linger, "http": trespass, "file": pry,
    "panic": panic,
}

plugin = Plugin("bomb-python", "0.1.0", "Misbehaves as asked")


@plugin.kind(
    "bomb-python",
    description="Misbehaves as asked",
    schema={
        "type": "object",
        "required": ["bomb"],
        "properties": {"bomb": {"enum": list(BOMBS)}, "size": {"type": "integer", "minimum": 0}},
    },
)
def bomb(request, host):
    return BOMBS[request.body["bomb"]](request, host)
