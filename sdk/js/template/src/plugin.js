import { definePlugin, done, failed, fault, pending } from "../vendor/tiphys/tiphys.js";

export const template = definePlugin({
  name: "greet",
  version: "0.1.0",
  description: "Says hello",
  kinds: [
    {
      name: "greet",
      description: "Says hello to somebody, once they are awake",
      schema: {
        type: "object",
        required: ["name"],
        additionalProperties: false,
        properties: {
          name: { type: "string", description: "Who is meant" },
          awake: { type: "string", description: "A URL that answers 200 once they are awake" },
        },
      },
      outputs: { result: "what was said", parameters: { length: "how long that is" } },

      validate(body) {
        return body.name.trim() === "" ? [fault("/name", "says nobody")] : [];
      },

      execute({ body, round }, { http, log }) {
        if (body.awake) {
          const answer = http.get(body.awake, { timeout: "5s" });
          if (answer.status === 404) return failed(`nobody is called ${body.name}`);
          if (!answer.ok) return pending({ after: "10s", message: `${body.name} is asleep (asked ${round + 1} times)` });
        }
        log.info("says hello to", body.name);
        const result = `Hello, ${body.name}!`;
        return done({ result, parameters: { length: result.length } });
      },
    },
  ],
  // What an operator has to grant. Add hosts, secrets, folders … as you use them.
  wants: { http: [{ host: "people.example.test", methods: ["GET"] }] },
});
