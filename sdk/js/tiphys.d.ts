// Types of tiphys.js. A plug-in's module says `export const template = definePlugin({…})`.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** Milliseconds, or text such as "5s", "1m30s", "250ms". */
export type Duration = number | string;
/** An Argo artifact: `{s3: {key: "in/a.json"}}`; without a driver (`{key: …}`) the default repository is meant. */
export type Location = { [driver: string]: Json };
export type Data = string | Uint8Array | ArrayBuffer;

declare const outcome: unique symbol;
/** How a call ends. It is returned, or thrown. */
export interface Outcome {
  readonly [outcome]: true;
}

export interface Outputs {
  result?: unknown;
  exitCode?: string | number;
  message?: string;
  parameters?: { [name: string]: unknown };
  artifacts?: { [name: string]: Location };
}

/** It is done. A string, number, boolean or list is the result; an object is `Outputs`. */
export function done(outputs?: Outputs | string | number | boolean | unknown[]): Outcome;
/** It failed. With `retryable: true` another attempt may fare better: the template's retry strategy is asked. */
export function failed(message: string, options?: { retryable?: boolean; outputs?: Outputs }): Outcome;
/** It goes on later. `state` (up to 64 KiB as JSON, not for secrets) is what the next call is given. */
export function pending(options: { after: Duration; state?: unknown; message?: string }): Outcome;
/** It is a pod: an Argo template with `container`, `containerSet`, volumes and so on. */
export function pod(template: object): Outcome;
/** It is a graph of other templates of the workflow, as Argo has them. */
export function graph(fragment: { steps: object[] } | { dag: object }): Outcome;

export interface Fault {
  /** JSON pointer into the body: `/headers/0/name`; empty for the body itself. */
  pointer: string;
  message: string;
}
export function fault(pointer: string, message: string): Fault;

export interface Request<Body = any, State = any> {
  workflow: { name: string; namespace: string; uid: string };
  node: { id: string; name: string };
  /** The template's name; empty for an inline template. */
  template: string;
  /** How often a user's retry of the whole workflow began this node anew. */
  attempt: number;
  /** The same for every call about this node. */
  idempotencyKey: string;
  kind: string;
  /** Every tag is replaced. */
  body: Body;
  inputs: { parameters: { [name: string]: string }; artifacts: { [name: string]: Location } };
  /** The outputs that the template declares. */
  outputs: { parameters: { name: string; [key: string]: any }[]; artifacts: { name: string; [key: string]: any }[] };
  deadline: Date | null;
  /** How often `pending` was answered about this node before. */
  round: number;
  /** What the last `pending` left; null at first. */
  state: State | null;
}

export interface Kind<Body = any, State = any> {
  name: string;
  description?: string;
  /** JSON Schema (2020-12) of the body. */
  schema?: object;
  outputs?: { result?: string; parameters?: { [name: string]: string }; artifacts?: { [name: string]: string } };
  /** What is wrong with a body beyond its schema. Values with tags (`{{…}}`) are not known yet; the host gives nothing here. */
  validate?(body: Body, kind: string): Iterable<Fault> | void;
  /** Not async: calls of the host wait by themselves. What it throws is a failure with that message; `retryable` of the error counts. */
  execute(request: Request<Body, State>, host: Host): Outcome;
}

/** What the plug-in asks of the operator. */
export interface Wants {
  http?: { host: string; methods?: string[] }[];
  secrets?: string[];
  configMaps?: string[];
  artifacts?: { access: "read" | "list" | "write"; prefix: string }[];
  folders?: string[];
  /** "64Mi" */
  memory?: string;
  /** "10s" */
  time?: string;
  /** "1Mi" */
  log?: string;
  fuel?: number;
}

export interface Exports {
  describe(): string;
  validate(kind: string, body: string): Fault[];
  execute(request: object): Outcome;
}

export function definePlugin(plugin: { name: string; version: string; description?: string; kinds: Kind[]; wants?: Wants }): Exports;

/** The host did not do what it was asked. */
export class HostError extends Error {
  constructor(kind: string, message: string, retryable?: boolean);
  kind:
    | "not-granted" | "not-found" | "limit" | "failed" // secrets, config maps, artifacts, files
    | "invalid" | "dns" | "connect" | "tls" | "timeout" | "broken" | "redirect" // http
    | "status"; // Response.check
  /** It may go well another time. */
  retryable: boolean;
}

export interface Source {
  /** The next bytes; empty at the end. */
  read(limit?: number): Uint8Array;
  chunks(limit?: number): Iterable<Uint8Array>;
  lines(): Iterable<string>;
  bytes(): Uint8Array;
  text(): string;
  json(): any;
  close(): void;
}

export interface Response extends Source {
  status: number;
  ok: boolean;
  /** Where it came from, after redirects. */
  url: string;
  headers: Iterable<[string, string]> & { get(name: string): string | null; has(name: string): boolean };
  /** Itself, or a HostError if the status is not 2xx; 408, 429 and 5xx are retryable. */
  check(): Response;
}

export interface HttpOptions {
  query?: { [name: string]: string | number | boolean | null | undefined };
  headers?: { [name: string]: string } | Iterable<[string, string]>;
  body?: Data;
  /** Sent as JSON. */
  json?: unknown;
  timeout?: Duration;
  /** How many are followed; 10 if nothing is said. */
  redirects?: number;
  insecure?: boolean;
  /** PEM: trusted instead of the machine's certificates. */
  roots?: string;
  /** PEM: a client certificate and its key. */
  identity?: { certificate: string; key: string };
}

export interface Writer {
  write(data: Data): Writer;
  /** The location, for `done({artifacts: {name: location}})`. */
  finish(): Location;
}

type Log = (...values: unknown[]) => void;

/** What the operator granted. Everything waits, nothing is a promise; refusals are thrown as HostError. */
export interface Host {
  log: { debug: Log; info: Log; warn: Log; error: Log };
  /** Milliseconds since 1970; `Date` follows it. */
  clock: { now(): number };
  http: {
    request(options: HttpOptions & { method?: string; url: string }): Response;
    get(url: string, options?: HttpOptions): Response;
    head(url: string, options?: HttpOptions): Response;
    post(url: string, options?: HttpOptions): Response;
    put(url: string, options?: HttpOptions): Response;
    patch(url: string, options?: HttpOptions): Response;
    delete(url: string, options?: HttpOptions): Response;
  };
  secrets: { get(name: string, key: string): string; bytes(name: string, key: string): Uint8Array };
  configMaps: { get(name: string, key: string): string };
  artifacts: {
    list(location: Location, options?: { after?: string; page?: number }): Iterable<{ key: string; size: number }>;
    open(location: Location): Source;
    create(name: string): Writer;
    /** Writes a whole artifact: its location. */
    write(name: string, data: Data): Location;
  };
  files: {
    read(path: string, offset?: number, limit?: number): Uint8Array;
    open(path: string): Source;
    list(path: string): { name: string; folder: boolean; size: number }[];
  };
}

export function encode(text: string): Uint8Array;
export function decode(bytes: Uint8Array): string;
export function milliseconds(duration: Duration): number;
