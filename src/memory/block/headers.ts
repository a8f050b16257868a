/**
 * Header maps as bytes: msgpack maps of strings by msgpackr. Maps, not objects, so that a header named
 * `__proto__` is a name like any other. Equal maps are encoded once: the last ones are kept by content.
 */
import '../../base/native.ts';
import { Packr } from 'msgpackr';

export type Headers = ReadonlyMap<string, string>;

export const NO_HEADERS: Headers = new Map();

/** Encoded maps kept per thread. Small: sources repeat a few maps (a host, a file) or none. */
const CACHED_MAPS_MAX = 256;

const packr = new Packr({ useRecords: false, mapsAsObjects: false, variableMapSize: true });
const cache = new Map<string, Uint8Array>();

export function encodeHeaders(headers: Headers): Uint8Array {
  const key = cacheKey(headers);
  const known = cache.get(key);
  if (known !== undefined) return known;
  const bytes = Uint8Array.from(packr.pack(headers));
  if (cache.size >= CACHED_MAPS_MAX) cache.delete(cache.keys().next().value!);
  cache.set(key, bytes);
  return bytes;
}

/** Lengths stand before the strings, so no two maps share a key. */
function cacheKey(headers: Headers): string {
  let key = '';
  for (const [name, value] of headers) key += `${name.length}:${name}${value.length}:${value}`;
  return key;
}

export function decodeHeaders(bytes: Uint8Array): Map<string, string> {
  return packr.unpack(bytes) as Map<string, string>;
}

/**
 * All headers of an event. Its own come first, as in Flume, where interceptors add to what the source gave:
 * Java's maps show the order of insertion within a bucket.
 */
export function joinHeaders(own: Headers, common: Headers): Map<string, string> {
  const all = new Map(own);
  for (const [name, value] of common) if (!all.has(name)) all.set(name, value);
  return all;
}
