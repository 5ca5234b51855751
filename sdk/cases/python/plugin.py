"""What the cases in ../cases.yaml ask of every SDK, in Python."""

import random
import time
from datetime import datetime, timezone

from tiphys import Host, Plugin, Request, done, failed, fault, graph, pending, pod

plugin = Plugin(
    "probe",
    "0.1.0",
    wants={
        "http": [{"host": "api.example.test"}],
        "secrets": ["token"],
        "config_maps": ["settings"],
        "folders": ["models"],
        "artifacts": [{"access": "list", "prefix": "in/"}],
    },
)
deeds = {}


def deed(function):
    deeds[function.__name__] = function
    return function


@plugin.kind("probe", schema={"type": "object", "required": ["do"]})
def probe(request: Request, host: Host):
    return deeds[request.body["do"]](request, host)


@probe.validator
def faults(body):
    if body["do"] == "broken":
        raise ValueError("cannot tell")
    if body["do"] not in deeds:
        yield fault("/do", "unknown")


@deed
def text(request, host):
    return done("é € 🎉")


deeds["list"] = lambda request, host: done([1, "two"])


@deed
def half(request, host):
    host.log.info("half \ud83c of a pair")
    return done("a\ud83cb")


@deed
def inputs(request, host):
    return done(request.parameters["who"], parameters={"key": request.artifacts["page"]["s3"]["key"]})


@deed
def declared(request, host):
    return done(",".join(output["name"] for output in request.outputs["parameters"]))


@deed
def clock(request, host):
    now = round(host.clock.now().timestamp() * 1000)
    assert isinstance(host.clock.now(), datetime) and isinstance(datetime.now(), datetime)
    assert datetime.now().timestamp() == time.time() == datetime.now(timezone.utc).timestamp()
    assert datetime.fromtimestamp(0).year == 1970 and datetime.strptime("2024", "%Y").year == 2024
    return done(f"{now},{round(time.time() * 1000)},{datetime.now():%Y-%m-%dT%H:%M:%SZ}")


@deed
def deadline(request, host):
    assert request.deadline > datetime.now(timezone.utc)
    return done(f"{request.deadline:%Y-%m-%dT%H:%M:%SZ}")


deeds["random"] = lambda request, host: done("true" if random.random() != random.random() else "false")


@deed
def printed(request, host):
    print("printed")
    return done()


deeds["print"] = printed


@deed
def everything(request, host):
    artifacts = {"a": {"s3": {"key": "k"}}}
    return done("r", exit_code=3, message="m", parameters={"n": 1.5, "o": {"a": [True, None]}}, artifacts=artifacts)


@deed
def count(request, host):
    if request.round == 2:
        return done(request.state["seen"])
    return pending("1m30s", state={"seen": [*(request.state or {"seen": []})["seen"], request.round]}, message="counting")


@deed
def get(request, host):
    query = {"q": "a b&c", "none": None}
    page = host.http.get("https://api.example.test/page", query=query, headers={"Accept": "text/plain"}, timeout="5s").check()
    return done(page.text(), parameters={"type": page.headers.get("Content-Type"), "status": page.status})


@deed
def post(request, host):
    return done(host.http.post("https://api.example.test/jobs", json={"name": "é"}).check().json()["id"])


@deed
def lines(request, host):
    return done([*host.http.get("https://api.example.test/page").lines()])


@deed
def secret(request, host):
    return done(host.secrets.get("token", "value"))


@deed
def configMap(request, host):
    return done(host.config_maps.get("settings", "mode"))


@deed
def file(request, host):
    names = [entry.name for entry in host.files.list("models")]
    return done(host.files.open("models/a.json").json()["layers"], parameters={"names": names})


@deed
def artifact(request, host):
    return done([*host.artifacts.open(request.artifacts["page"]).lines()])


@deed
def artifacts(request, host):
    return done([f"{entry.key}:{entry.size}" for entry in host.artifacts.list({"s3": {"key": "in/"}}, page=2)])


@deed
def write(request, host):
    return done(len(host.artifacts.create("out").write("one\n").write(b"two\n").finish()) > 0)


@deed
def fail(request, host):
    return failed("no\nluck", retryable=True, result="half")


def throw(error):
    def thrown(request, host):
        raise error

    return thrown


deeds["throw"] = throw(Exception("thrown"))
deeds["throwOutcome"] = throw(failed("thrown as it is"))
deeds["nothing"] = lambda request, host: None
deeds["pod"] = lambda request, host: pod({"container": {"image": "busybox"}})
deeds["graph"] = lambda request, host: graph(steps=[[{"name": "a", "template": "b"}]])
