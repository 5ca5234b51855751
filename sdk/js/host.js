// What the host gives to a call: log, clock, HTTP, secrets, config maps, artifacts and folders. Each needs its grant.

import clockImport from "tiphys:plugin/clock@0.1.0";
import httpImport from "tiphys:plugin/http@0.1.0";
import logImport from "tiphys:plugin/log@0.1.0";
import secretsImport from "tiphys:plugin/secrets@0.1.0";
import configMapsImport from "tiphys:plugin/config-maps@0.1.0";
import artifactsImport from "tiphys:plugin/artifacts@0.1.0";
import filesImport from "tiphys:plugin/files@0.1.0";
import { decode, describe, encode, milliseconds, toBytes, toJson } from "./text.js";

const CHUNK = 64 * 1024;
const PASSING = new Set(["dns", "connect", "tls", "timeout", "broken", "failed"]);

/** The host did not do what it was asked: `kind` says why (`not-granted`, `timeout` …), `retryable` whether it may go well another time. */
export class HostError extends Error {
  constructor(kind, message, retryable = PASSING.has(kind)) {
    super(message);
    this.name = "HostError";
    this.kind = kind;
    this.retryable = retryable;
  }
}

/** Asks the host, and throws what it refuses as a HostError. */
function ask(question) {
  try {
    return question();
  } catch (error) {
    const refusal = error?.payload;
    throw typeof refusal?.tag === "string" ? new HostError(refusal.tag, refusal.val) : error;
  }
}

/** Something that is read to its end, or chunk by chunk. */
class Source {
  #resource;

  constructor(resource) {
    this.#resource = resource;
  }

  /** The next bytes; empty at the end. */
  read(limit = CHUNK) {
    return ask(() => this.#resource.read(limit));
  }

  *chunks(limit = CHUNK) {
    for (let chunk = this.read(limit); chunk.length > 0; chunk = this.read(limit)) yield chunk;
    this.close();
  }

  bytes() {
    return join([...this.chunks()]);
  }

  text() {
    return decode(this.bytes());
  }

  json() {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new HostError("invalid", `${this.origin ?? "the artifact"} is not JSON (${error.message}): ${text.slice(0, 80)}`);
    }
  }

  /** Lines, without their ends; only one chunk and one line are held at a time. */
  *lines() {
    let held = [];
    for (const chunk of this.chunks()) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        held.push(chunk.subarray(from, end));
        yield decode(join(held)).replace(/\r$/, "");
        held = [];
        from = end + 1;
      }
      if (from < chunk.length) held.push(chunk.subarray(from));
    }
    if (held.length > 0) yield decode(join(held));
  }

  close() {
    this.#resource?.[Symbol.dispose]?.();
    this.#resource = { read: () => new Uint8Array() };
  }
}

function join(chunks) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

class Response extends Source {
  constructor(resource, method) {
    super(resource);
    this.status = resource.status();
    this.url = resource.url();
    this.headers = new Headers(resource.headers());
    this.method = method;
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  get origin() {
    return `the answer of ${this.url}`;
  }

  /** Itself, or a HostError if the status is not 2xx. */
  check() {
    if (this.ok) return this;
    const says = decode(this.read(400)).replace(/\s+/g, " ").trim();
    const passing = this.status === 408 || this.status === 429 || this.status >= 500;
    throw new HostError("status", `${this.method} ${this.url} answered ${this.status}${says && `: ${says.slice(0, 200)}`}`, passing);
  }
}

class Headers {
  #pairs;

  constructor(pairs) {
    this.#pairs = pairs;
  }

  /** The header of that name, in any case; several values joined by commas. */
  get(name) {
    const values = this.#pairs.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
    return values.length > 0 ? values.join(", ") : null;
  }

  has(name) {
    return this.get(name) !== null;
  }

  [Symbol.iterator]() {
    return this.#pairs[Symbol.iterator]();
  }
}

function send({ method = "GET", url, query, headers = {}, body, json, timeout, redirects = 10, insecure = false, roots, identity }) {
  const pairs = (Symbol.iterator in headers ? [...headers] : Object.entries(headers)).map(([name, value]) => [name, String(value)]);
  if (json !== undefined && !pairs.some(([name]) => name.toLowerCase() === "content-type")) pairs.push(["content-type", "application/json"]);
  const content = json !== undefined ? toJson(json) : body;
  const request = {
    method: method.toUpperCase(),
    url: withQuery(String(url), query),
    headers: pairs,
    body: content === undefined || content === null ? null : toBytes(content),
    options: {
      timeout: timeout === undefined || timeout === null ? null : milliseconds(timeout),
      redirects,
      insecure,
      roots: roots ?? null,
      identity: identity ?? null,
    },
  };
  return new Response(ask(() => httpImport.send(request)), request.method);
}

function withQuery(url, query = {}) {
  const text = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
  const [address, fragment] = url.split("#", 2);
  const asked = text && `${address}${address.includes("?") ? "&" : "?"}${text}`;
  return asked ? asked + (fragment === undefined ? "" : `#${fragment}`) : url;
}

const http = { request: send };
for (const method of ["get", "head", "post", "put", "patch", "delete"]) {
  http[method] = (url, options = {}) => send({ ...options, method, url });
}

class Writer {
  #resource;

  constructor(resource) {
    this.#resource = resource;
  }

  write(data) {
    const bytes = toBytes(data);
    for (let at = 0; at < bytes.length; at += CHUNK) ask(() => this.#resource.write(bytes.subarray(at, at + CHUNK)));
    return this;
  }

  /** The artifact's location, for `done({artifacts: …})`. */
  finish() {
    const location = JSON.parse(ask(() => this.#resource.finish()));
    this.#resource[Symbol.dispose]?.();
    return location;
  }
}

const artifacts = {
  /** Every entry below a location, in order of their keys. */
  *list(location, { after = null, page = 1000 } = {}) {
    for (let last = after, full = true; full; ) {
      const entries = ask(() => artifactsImport.entries(toJson(location), last, page));
      yield* entries;
      full = entries.length === page;
      if (full) last = entries[page - 1].key;
    }
  },
  open: (location) => new Source(ask(() => artifactsImport.open(toJson(location)))),
  create: (name) => new Writer(ask(() => artifactsImport.create(name))),
  /** Writes a whole artifact: its location. */
  write: (name, data) => artifacts.create(name).write(data).finish(),
};

const files = {
  read: (path, offset = 0, limit = CHUNK) => ask(() => filesImport.read(path, offset, limit)),
  open(path) {
    let offset = 0;
    const read = (limit) => {
      const bytes = filesImport.read(path, offset, limit);
      offset += bytes.length;
      return bytes;
    };
    const source = new Source({ read });
    source.origin = path;
    return source;
  },
  list: (path) => ask(() => filesImport.entries(path)),
};

const line = (values) => values.map((value) => (typeof value === "string" ? value : value instanceof Error ? String(value.stack ?? value) : toJson(value) ?? String(value))).join(" ");
const writeAs = (level) => (...values) => logImport.write(level, line(values).toWellFormed());

const log = { debug: writeAs("debug"), info: writeAs("info"), warn: writeAs("warn"), error: writeAs("error") };

const clock = {
  /** Milliseconds since 1970. */
  now: () => Number(clockImport.now()),
};

const secrets = {
  get: (name, key) => decode(secrets.bytes(name, key)),
  bytes: (name, key) => ask(() => secretsImport.get(name, key)),
};

const configMaps = { get: (name, key) => ask(() => configMapsImport.get(name, key)) };

export const host = { log, clock, http, secrets, configMaps, artifacts, files };

// The language's own clock, console and text codecs, which would otherwise be missing or fault.
const Day = globalThis.Date;
globalThis.Date = class Date extends Day {
  constructor(...parts) {
    super(...(parts.length > 0 ? parts : [clock.now()]));
  }
  static now() {
    return clock.now();
  }
};
globalThis.console ??= { log: log.info, ...log };
globalThis.TextEncoder ??= class TextEncoder {
  encode = (text = "") => encode(text);
};
globalThis.TextDecoder ??= class TextDecoder {
  constructor(label = "utf-8") {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`no decoder for ${describe(label)}`);
  }
  decode = (bytes = new Uint8Array()) => decode(toBytes(bytes));
};

/** Makes `Math.random` the same for every call about a node's round, and another for the next. Not for secrets. */
export function seedRandom(text) {
  let seed = 0x811c9dc5;
  for (const byte of encode(text)) seed = Math.imul(seed ^ byte, 0x01000193);
  Math.random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
