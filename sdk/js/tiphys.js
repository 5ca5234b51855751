// Template kinds for Tiphys in JavaScript: `export const template = definePlugin({…})`.

import { HostError, host, seedRandom } from "./host.js";
import { decode, describe, encode, milliseconds, toJson } from "./text.js";

export { HostError, decode, encode, milliseconds };

class Outcome {
  constructor(tag, val) {
    this.tag = tag;
    this.val = val;
  }
}

const WANTS = ["http", "secrets", "configMaps", "artifacts", "folders", "memory", "time", "log", "fuel"];
const OUTPUTS = ["result", "exitCode", "message", "parameters", "artifacts"];

/** It is done. A string, number, boolean or list is the result; an object has `result`, `parameters`, `artifacts`, `exitCode`, `message`. */
export const done = (outputs) => new Outcome("done", toJson(outputsOf(outputs)));

/** It failed. With `retryable: true` another attempt may fare better: the template's retry strategy is asked. */
export const failed = (message, { retryable = false, outputs } = {}) =>
  new Outcome("failed", { message: oneLine(message), retryable, outputs: outputs === undefined ? null : toJson(outputsOf(outputs)) });

/** It goes on later: called again after that time (`"5s"`, or milliseconds), with that state. */
export const pending = ({ after, state = null, message = "" }) =>
  new Outcome("pending", { requeueAfter: milliseconds(after), state: toJson(state), message: oneLine(message) });

/** It is a pod: an Argo template with `container`, `containerSet`, volumes and so on. */
export const pod = (template) => new Outcome("pod", toJson({ template }));

/** It is a graph of the workflow's other templates: `{steps: …}` or `{dag: …}`. */
export const graph = (fragment) => new Outcome("graph", toJson(fragment));

/** A fault in a body, at a JSON pointer such as `/headers/0/name`. */
export const fault = (pointer, message) => ({ pointer, message: oneLine(message) });

function outputsOf(outputs = {}) {
  if (outputs === null || typeof outputs !== "object" || Array.isArray(outputs)) return { result: outputs };
  const stranger = Object.keys(outputs).find((key) => !OUTPUTS.includes(key));
  if (stranger !== undefined) throw new TypeError(`outputs have no ${toJson(stranger)}, only ${OUTPUTS.join(", ")}; an object as the result is {result: …}`);
  const texts = Object.entries(outputs).filter(([key]) => key === "exitCode" || key === "message");
  return { ...outputs, ...Object.fromEntries(texts.map(([key, value]) => [key, value == null ? undefined : String(value)])) };
}

function oneLine(message) {
  return String(message).toWellFormed().replace(/\s*[\r\n]+\s*/g, " ").trim();
}

/** What the component exports. Mistakes in it are found when it is built. */
export function definePlugin({ name, version, description = "", kinds, wants = {} }) {
  if (!name || !version) throw new TypeError("a plug-in needs a name and a version");
  if (!Array.isArray(kinds) || kinds.length === 0) throw new TypeError("a plug-in needs at least one kind");
  for (const kind of kinds) {
    if (!kind.name) throw new TypeError("a kind needs a name");
    if (typeof kind.execute !== "function") throw new TypeError(`the kind ${kind.name} needs a function execute(request, host)`);
  }
  const byName = new Map(kinds.map((kind) => [kind.name, kind]));
  const stranger = Object.keys(wants).find((key) => !WANTS.includes(key));
  if (stranger !== undefined) throw new TypeError(`there is no ${toJson(stranger)} to want, only ${WANTS.join(", ")}`);
  const { configMaps, ...others } = wants;
  const manifest = toJson({
    name,
    version,
    description,
    kinds: kinds.map(({ name, description = "", schema = {}, outputs = {} }) => ({ name, description, schema, outputs })),
    wants: configMaps === undefined ? others : { ...others, "config-maps": configMaps },
  });
  return {
    describe: () => manifest,
    validate: (kind, body) => faultsOf(byName.get(kind), body),
    execute: (raw) => outcomeOf(byName.get(raw.kind), raw),
  };
}

function faultsOf(kind, body) {
  try {
    const faults = kind?.validate?.(JSON.parse(body), kind.name) ?? [];
    return [...faults].map(({ pointer = "", message }) => fault(pointer, message));
  } catch (error) {
    return [fault("", messageOf(error))];
  }
}

function outcomeOf(kind, raw) {
  try {
    if (kind === undefined) return failed(`this plug-in has no kind ${toJson(raw.kind)}`, { retryable: false });
    seedRandom(`${raw.idempotencyKey}/${raw.round}`);
    const outcome = kind.execute(requestOf(raw), host);
    if (outcome instanceof Outcome) return outcome;
    const hint = typeof outcome?.then === "function" ? "a promise: it must not be async, host calls wait by themselves" : describe(outcome);
    return failed(`the kind ${kind.name} returned ${hint}; it has to return done(…), failed(…), pending(…), pod(…) or graph(…)`);
  } catch (error) {
    if (error instanceof Outcome) return error;
    if (error?.stack && !(error instanceof HostError)) host.log.error(`${error}\n${error.stack}`.trimEnd());
    return failed(messageOf(error), { retryable: error?.retryable === true });
  }
}

function requestOf(raw) {
  return {
    workflow: { name: raw.workflowName, namespace: raw.workflowNamespace, uid: raw.workflowUid },
    node: { id: raw.nodeId, name: raw.nodeName },
    template: raw.templateName,
    attempt: raw.attempt,
    idempotencyKey: raw.idempotencyKey,
    kind: raw.kind,
    body: JSON.parse(raw.body),
    inputs: { parameters: {}, artifacts: {}, ...JSON.parse(raw.inputs || "{}") },
    outputs: { parameters: [], artifacts: [], ...JSON.parse(raw.outputs || "{}") },
    deadline: raw.deadline == null ? null : new Date(Number(raw.deadline)),
    round: raw.round,
    state: raw.state == null ? null : JSON.parse(raw.state),
  };
}

function messageOf(error) {
  if (!(error instanceof Error)) return oneLine(typeof error === "string" ? error : `threw ${toJson(error) ?? String(error)}`);
  const plain = error.name === "Error" || error instanceof HostError;
  return oneLine(plain ? error.message || error.name : `${error.name}: ${error.message}`);
}
