// Text, bytes, durations and JSON: what the language lacks in a sandbox that has neither TextDecoder nor a clock of its own.

/** Bytes of a string, in UTF-8. */
export function encode(text) {
  const latin = unescape(encodeURIComponent(String(text).toWellFormed()));
  const bytes = new Uint8Array(latin.length);
  for (let at = 0; at < latin.length; at++) bytes[at] = latin.charCodeAt(at);
  return bytes;
}

/** The string that is in those bytes; what is not UTF-8 becomes U+FFFD. */
export function decode(bytes) {
  let latin = "";
  for (let at = 0; at < bytes.length; at += 8192) latin += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
  try {
    return decodeURIComponent(escape(latin));
  } catch {
    return decodeLeniently(bytes);
  }
}

function decodeLeniently(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at];
    const more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
    let point = more === 0 ? lead : lead & (0x3f >> more);
    let seen = 1;
    while (seen <= more && (bytes[at + seen] & 0xc0) === 0x80 && follows(lead, seen, bytes[at + seen])) {
      point = (point << 6) | (bytes[at + seen++] & 0x3f);
    }
    parts.push(seen === more + 1 ? String.fromCodePoint(point) : "\ufffd");
    at += seen;
  }
  return parts.join("");
}

/** Neither overlong forms, nor surrogates, nor what is beyond U+10FFFF. */
function follows(lead, place, byte) {
  if (place !== 1) return true;
  if (lead === 0xe0) return byte >= 0xa0;
  if (lead === 0xed) return byte < 0xa0;
  if (lead === 0xf0) return byte >= 0x90;
  return lead !== 0xf4 || byte < 0x90;
}

/** Bytes of a string or of bytes. */
export function toBytes(data) {
  if (typeof data === "string") return encode(data);
  if (data instanceof Uint8Array) return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`expected a string or bytes, not ${describe(data)}`);
}

/** JSON text that every reader takes: no half of a surrogate pair is left in it. */
export function toJson(value) {
  return JSON.stringify(value, (_, inner) => (typeof inner === "string" ? inner.toWellFormed() : inner));
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `1500`, `"5s"`, `"1m30s"`, `"250ms"`. */
export function milliseconds(duration) {
  if (typeof duration === "number" && Number.isFinite(duration) && duration >= 0) return Math.round(duration);
  const text = String(duration).trim();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) throw new TypeError(`${toJson(duration)} is no duration: write 1500 (milliseconds), "5s" or "1m30s"`);
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) sum += Number(count) * UNITS[unit];
  return Math.round(sum);
}

/** What a value is, for a message. */
export function describe(value) {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
