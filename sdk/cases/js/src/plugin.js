// What the cases in ../../cases.yaml ask of every SDK, in JavaScript.

import { definePlugin, done, failed, fault, graph, pending, pod } from "../vendor/tiphys/tiphys.js";

const deeds = {
  text: () => done("é € 🎉"),
  list: () => done([1, "two"]),
  half: (_, host) => {
    host.log.info("half \ud83c of a pair");
    return done("a\ud83cb");
  },
  inputs: ({ inputs }) => done({ result: inputs.parameters.who, parameters: { key: inputs.artifacts.page.s3.key } }),
  declared: ({ outputs }) => done(outputs.parameters.map(({ name }) => name).join()),
  clock: (_, { clock }) => done([clock.now(), Date.now(), new Date().toISOString().slice(0, 19) + "Z"].join()),
  deadline: ({ deadline }) => done(deadline.toISOString().slice(0, 19) + "Z"),
  random: () => done(String(Math.random() !== Math.random())),
  print: () => (console.log("printed"), done()),
  everything: () => done({ result: "r", exitCode: 3, message: "m", parameters: { n: 1.5, o: { a: [true, null] } }, artifacts: { a: { s3: { key: "k" } } } }),
  count: ({ round, state }) => (round < 2 ? pending({ after: "1m30s", state: { seen: [...(state?.seen ?? []), round] }, message: "counting" }) : done(state.seen)),
  get({ body }, { http }) {
    const page = http.get("https://api.example.test/page", { query: { q: "a b&c", none: null }, headers: { Accept: "text/plain" }, timeout: "5s" }).check();
    return done({ result: page.text(), parameters: { type: page.headers.get("Content-Type"), status: page.status } });
  },
  post: (_, { http }) => done(http.post("https://api.example.test/jobs", { json: { name: "é" } }).check().json().id),
  lines: (_, { http }) => done([...http.get("https://api.example.test/page").lines()]),
  secret: (_, { secrets }) => done(secrets.get("token", "value")),
  configMap: (_, { configMaps }) => done(configMaps.get("settings", "mode")),
  file: (_, { files }) => done({ result: files.open("models/a.json").json().layers, parameters: { names: files.list("models").map(({ name }) => name) } }),
  artifact: ({ inputs }, { artifacts }) => done([...artifacts.open(inputs.artifacts.page).lines()]),
  artifacts: (_, { artifacts }) => done([...artifacts.list({ s3: { key: "in/" } }, { page: 2 })].map(({ key, size }) => `${key}:${size}`)),
  write: (_, { artifacts }) => done(Object.keys(artifacts.create("out").write("one\n").write("two\n").finish()).length > 0),
  fail: () => failed("no\nluck", { retryable: true, outputs: { result: "half" } }),
  throw() {
    throw new Error("thrown");
  },
  throwOutcome() {
    throw failed("thrown as it is");
  },
  nothing: () => {},
  pod: () => pod({ container: { image: "busybox" } }),
  graph: () => graph({ steps: [[{ name: "a", template: "b" }]] }),
};

export const template = definePlugin({
  name: "probe",
  version: "0.1.0",
  kinds: [
    {
      name: "probe",
      schema: { type: "object", required: ["do"] },
      *validate(body) {
        if (body.do === "broken") throw new Error("cannot tell");
        if (!(body.do in deeds)) yield fault("/do", "unknown");
      },
      execute: (request, host) => deeds[request.body.do](request, host),
    },
  ],
  wants: { http: [{ host: "api.example.test" }], secrets: ["token"], configMaps: ["settings"], folders: ["models"], artifacts: [{ access: "list", prefix: "in/" }] },
});
