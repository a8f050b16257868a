/**
 * Where configurations come from: files, and URIs (`file:`, `http:`, `https:`, `classpath:`), merged in order
 * so that later keys win. A source that cannot be read gives a finding; none that gives a property is a fatal
 * error (Flume 1.10).
 */

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import { gathered } from '../../base/gathered.ts';
import { CONFIGURATION_BYTES_MAX } from '../../base/limits.ts';
import { decodeProperties, type Property, parseProperties } from './parse.ts';

export interface ConfigurationPlaces {
  readonly files: readonly string[];
  /** When there are any, files are ignored, as Flume does. */
  readonly uris: readonly string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Where `classpath:` looks. */
  readonly classPath: readonly string[];
}

export interface LoadedConfiguration {
  readonly properties: ReadonlyMap<string, Property>;
  readonly findings: readonly Finding[];
  /** Sources that an earlier `load` had read and this one could not. */
  readonly lost: readonly string[];
}

const HTTP_MS_MAX = 60_000;
const UNSUPPORTED = ['json', 'yaml', 'xml'];

interface Loaded {
  readonly text: string;
  /** Tells whether the source changed: a modification time or an HTTP date. */
  readonly version: string;
}

/** Reads all sources, and knows what changed since it last did. */
export class ConfigurationSources {
  readonly #places: ConfigurationPlaces;
  readonly #seen = new Map<string, Loaded>();

  constructor(places: ConfigurationPlaces) {
    this.#places = places;
  }

  get names(): readonly string[] {
    return this.#places.uris.length > 0 ? this.#places.uris : this.#places.files;
  }

  async load(): Promise<LoadedConfiguration> {
    const properties = new Map<string, Property>();
    const findings: Finding[] = [];
    const lost: string[] = [];
    for (const name of this.names) {
      const extension = extensionOf(name);
      if (UNSUPPORTED.includes(extension)) {
        const text = `File extension type ${extension} is unsupported`;
        findings.push({
          severity: 'warning',
          code: 'CONF_SYNTAX',
          text,
          file: name,
          remedy: 'give a properties file',
        });
        continue;
      }
      try {
        const loaded = await this.#read(name);
        const parsed = parseProperties(loaded.text, name);
        findings.push(...parsed.findings);
        for (const [key, property] of parsed.properties) properties.set(key, property);
      } catch (error) {
        const before = this.#seen.get(name);
        if (before !== undefined) {
          lost.push(name);
          // Whatever comes back is a change.
          this.#seen.set(name, { ...before, version: '' });
        }
        findings.push({
          severity: 'error',
          code: 'CONF_FILE_MISSING',
          text: unreadable(name, error),
          file: name,
          remedy: isHttp(name)
            ? 'check the URI, --conf-user and --conf-password'
            : 'check the path, that the file is there, and that this user may read it',
        });
      }
    }
    return { properties, findings, lost };
  }

  /**
   * Whether any source differs from what `load` last saw. A source that is gone for now counts as unchanged.
   */
  async changed(): Promise<boolean> {
    for (const name of this.names) {
      if (UNSUPPORTED.includes(extensionOf(name))) continue;
      const before = this.#seen.get(name);
      try {
        const now = await this.#fetch(name, before ?? null);
        if (now !== null && now.version !== before?.version) return true;
      } catch {
        // Being replaced, perhaps: the next look will tell.
      }
    }
    return false;
  }

  async #read(name: string): Promise<Loaded> {
    const loaded = await this.#fetch(name, null);
    this.#seen.set(name, loaded!);
    return loaded!;
  }

  /** Null when an HTTP source says that it has not changed. */
  async #fetch(name: string, before: Loaded | null): Promise<Loaded | null> {
    if (isHttp(name)) return await this.#get(name, before);
    const path = this.#pathOf(name);
    const { mtimeMs } = await stat(path);
    return { text: decodeProperties(await readFile(path)), version: String(mtimeMs) };
  }

  #pathOf(name: string): string {
    if (name.startsWith('classpath:')) {
      const path = name.slice('classpath:'.length).replace(/^\/+/, '');
      const found = this.#places.classPath
        .map((folder) => join(folder, path))
        .find((file) => existsSync(file));
      if (found === undefined) throw new Error(`${path} is in none of the class path's folders (--conf, -C)`);
      return found;
    }
    return name.startsWith('file:/') ? fileURLToPath(name) : name.replace(/^file:/, '');
  }

  async #get(url: string, before: Loaded | null): Promise<Loaded | null> {
    const headers: Record<string, string> = {};
    const { user, password } = this.#places;
    if (user !== undefined && password !== undefined) {
      headers.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    }
    if (before !== null && before.version !== '') headers['if-modified-since'] = before.version;
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(HTTP_MS_MAX) });
    if (response.status === 304) return null;
    if (response.status !== 200) {
      if (before !== null && response.status !== 401 && response.status !== 404) return null;
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    }
    return {
      text: decodeProperties(await bodyOf(response)),
      version: response.headers.get('last-modified') ?? new Date().toUTCString(),
    };
  }
}

/** Whatever its length was said to be. */
function bodyOf({ body }: Response): Promise<Uint8Array> | Uint8Array {
  const tooLong = `the answer is longer than the limit of ${CONFIGURATION_BYTES_MAX} bytes`;
  return body === null ? new Uint8Array() : gathered(body, CONFIGURATION_BYTES_MAX, tooLong);
}

function isHttp(name: string): boolean {
  return /^https?:/.test(name);
}

/** What Flume takes for the extension: everything behind the first dot of the file's name. */
function extensionOf(name: string): string {
  const path = isHttp(name) && URL.canParse(name) ? new URL(name).pathname : name;
  const file = path.slice(path.lastIndexOf('/') + 1);
  const dot = file.indexOf('.');
  return dot < 0 ? '' : file.slice(dot + 1);
}

function unreadable(name: string, error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === 'ENOENT') return `The specified configuration file does not exist: ${name}`;
  if (code === 'EACCES') return `The configuration file cannot be read (permission denied): ${name}`;
  if (code === 'EISDIR') return `The configuration file is a directory: ${name}`;
  return `The configuration cannot be read: ${name}: ${messageOf(error)}`;
}
