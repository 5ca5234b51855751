// A plug-in that misbehaves in the way its body asks for: `{"bomb": "loop"}`, or `{"bomb": "log", "size": 10}`. What it does must harm
// nobody but itself.

import { definePlugin, done, pending } from "./vendor/tiphys/tiphys.js";

const recurse = (depth) => recurse(depth + 1) + depth;

const bombs = {
  loop() {
    for (;;);
  },
  alloc() {
    const held = [];
    for (;;) held.push(new Uint8Array(1 << 20).fill(1));
  },
  recurse: () => done(recurse(1)),
  output: ({ body }) => done("x".repeat(1 << 20).repeat(Math.ceil((body.size ?? 1 << 30) / (1 << 20)))),
  log({ body }, host) {
    const lines = body.size ?? 1_000_000;
    for (let line = 0; line < lines; line++) host.log.info(`line ${line} of ${lines}`);
    return done(lines);
  },
  /** Never done, and each time with twice as much to remember. */
  pending({ state }) {
    const text = state === null ? "x".repeat(1024) : state.repeat(2);
    return pending({ after: 1, state: text, message: `remembers ${text.length} characters` });
  },
  http: (_, host) => done(`got in: ${host.http.get("http://ungranted.example.test/").status}`),
  file: (_, host) => done(`got in: ${host.files.read("ungranted/passwd").length} bytes`),
  panic() {
    throw new Error("the bomb went off");
  },
};

export const template = definePlugin({
  name: "bomb-js",
  version: "0.1.0",
  description: "Misbehaves as asked",
  kinds: [
    {
      name: "bomb-js",
      description: "Misbehaves as asked",
      schema: {
        type: "object",
        required: ["bomb"],
        properties: { bomb: { enum: Object.keys(bombs) }, size: { type: "integer", minimum: 0 } },
      },
      execute: (request, host) => bombs[request.body.bomb](request, host),
    },
  ],
});
