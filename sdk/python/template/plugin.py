from tiphys import Host, Outcome, Plugin, Request, done, failed, fault, pending

plugin = Plugin(
    name="greet",
    version="0.1.0",
    description="Says hello",
    # What an operator has to grant. Add hosts, secrets, folders … as you use them.
    wants={"http": [{"host": "people.example.test", "methods": ["GET"]}]},
)


@plugin.kind(
    "greet",
    description="Says hello to somebody, once they are awake",
    schema={
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "description": "Who is meant"},
            "awake": {"type": "string", "description": "A URL that answers 200 once they are awake"},
        },
    },
    outputs={"result": "what was said", "parameters": {"length": "how long that is"}},
)
def hello(request: Request, host: Host) -> Outcome:
    name = request.body["name"]
    if awake := request.body.get("awake"):
        answer = host.http.get(awake, timeout="5s")
        if answer.status == 404:
            return failed(f"nobody is called {name}")
        if not answer.ok:
            return pending(after="10s", message=f"{name} is asleep (asked {request.round + 1} times)")
    host.log.info("says hello to", name)
    said = f"Hello, {name}!"
    return done(said, parameters={"length": len(said)})


@hello.validator
def faults(body: dict):
    if not body["name"].strip():
        yield fault("/name", "says nobody")
