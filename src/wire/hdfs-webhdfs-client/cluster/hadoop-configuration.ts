/**
 * Hadoop's configuration files: core-site.xml and hdfs-site.xml, as far as a client asks them.
 *
 * Layout: `<configuration>` of `<property>`, each with `<name>`, `<value>` and maybe `<final>`, as elements
 * or
 *   as attributes. A later file overrides an earlier one, but not a property that was final there. Values
 *   hold `${name}` (another property, `user.name`, `user.home`, `java.io.tmpdir`), `${env.NAME}`,
 *   `${env.NAME-else}` and `${env.NAME:-else}`; what is not known stays as it is written.
 * Limits: 4 MiB a file, 20 expansions a value (Hadoop's). Not read: XInclude, entities of a DTD, other
 * encodings
 *   than UTF-8; the built-in defaults of Hadoop (core-default.xml), which the callers here know themselves.
 * Errors: HdfsSettingsError with the file and what is wrong in it.
 */
import { readFileSync, statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { HdfsSettingsError } from '../errors.ts';

export const CONFIGURATION_FILES = ['core-site.xml', 'hdfs-site.xml'] as const;
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const EXPANSIONS_MAX = 20;

export class HadoopConfiguration {
  readonly #values = new Map<string, string>();
  readonly #finals = new Set<string>();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  /** The files that were read. */
  readonly files: string[] = [];

  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#environment = environment;
  }

  /** Of all files that `directories` have. Directories without any are no error. */
  static read(
    directories: readonly string[],
    environment: Readonly<Record<string, string | undefined>> = process.env,
    files: readonly string[] = CONFIGURATION_FILES,
  ): HadoopConfiguration {
    const configuration = new HadoopConfiguration(environment);
    for (const name of files) {
      for (const directory of directories) configuration.#readFile(join(directory, name));
    }
    return configuration;
  }

  /** @throws HdfsSettingsError when `text` is not of that form. */
  add(text: string, file: string): void {
    for (const { name, value, final } of properties(text, file)) {
      if (this.#finals.has(name)) continue;
      if (value !== null) this.#values.set(name, value);
      if (final) this.#finals.add(name);
    }
    this.files.push(file);
  }

  /** The expanded value, without blanks around it; null when it is missing or empty. */
  get(name: string): string | null {
    const value = this.#values.get(name);
    if (value === undefined) return null;
    const expanded = this.#expand(value).trim();
    return expanded === '' ? null : expanded;
  }

  /** Of a list with commas. */
  list(name: string): readonly string[] {
    const parts = (this.get(name) ?? '').split(',');
    return parts.map((part) => part.trim()).filter((part) => part !== '');
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  #readFile(file: string): void {
    let text: string;
    try {
      const { size } = statSync(file);
      if (size > FILE_BYTES_MAX)
        throw new HdfsSettingsError(`${file} has ${size} bytes, more than ${FILE_BYTES_MAX}`);
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (isMissing(error)) return;
      if (error instanceof HdfsSettingsError) throw error;
      throw new HdfsSettingsError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
    }
    this.add(text, file);
  }

  #expand(value: string): string {
    let text = value;
    const seen = new Set<string>();
    for (let n = 0; n < EXPANSIONS_MAX; n++) {
      const match = INNERMOST_VARIABLE.exec(text);
      if (match === null) return text;
      const name = match[1]!;
      const found = this.#variable(name);
      // Unknown, or a circle: as in Hadoop the text stays as it is.
      if (found === null || seen.has(`${name}=${text}`)) return text;
      seen.add(`${name}=${text}`);
      text = text.slice(0, match.index) + found + text.slice(match.index + match[0].length);
    }
    throw new HdfsSettingsError(
      `the value ${value} takes more than ${EXPANSIONS_MAX} expansions: is it a circle?`,
    );
  }

  #variable(name: string): string | null {
    if (name.startsWith('env.')) {
      const match = /^([^:-]+)(?:(:?-)(.*))?$/.exec(name.slice('env.'.length));
      if (match === null) return null;
      const value = this.#environment[match[1]!];
      if (value !== undefined && (value !== '' || match[2] !== ':-')) return value;
      return match[3] ?? null;
    }
    return SYSTEM[name]?.() ?? this.#values.get(name) ?? null;
  }
}

const INNERMOST_VARIABLE = /\$\{([^{}$\s]+)\}/;

const SYSTEM: Readonly<Record<string, () => string>> = {
  'user.name': () => userInfo().username,
  'user.home': () => homedir(),
  'java.io.tmpdir': () => tmpdir(),
};

interface Property {
  readonly name: string;
  readonly value: string | null;
  readonly final: boolean;
}

function properties(text: string, file: string): Property[] {
  const bare = text.replace(/<!--[\s\S]*?-->/g, '');
  const root = /<configuration\b[^>]*?(?:\/>|>([\s\S]*)<\/configuration\s*>)/.exec(bare);
  if (root === null) throw new HdfsSettingsError(`${file} has no <configuration> element`);
  const found: Property[] = [];
  for (const [, attributes, body = ''] of (root[1] ?? '').matchAll(
    /<property\b((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(?:\/>|>([\s\S]*?)<\/property\s*>)/g,
  )) {
    const name = part('name', attributes!, body)?.trim() ?? '';
    if (name === '') throw new HdfsSettingsError(`${file} has a <property> without a <name>`);
    const final = part('final', attributes!, body)?.trim() === 'true';
    found.push({ name, value: part('value', attributes!, body), final });
  }
  return found;
}

function part(name: string, attributes: string, body: string): string | null {
  const element = new RegExp(`<${name}\\s*(?:/>|>([\\s\\S]*?)</${name}\\s*>)`).exec(body);
  if (element !== null) return textOf(element[1] ?? '');
  const attribute = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes);
  return attribute === null ? null : decoded(attribute[1] ?? attribute[2] ?? '');
}

function textOf(content: string): string {
  return content
    .split(/(<!\[CDATA\[[\s\S]*?\]\]>)/)
    .map((piece) => (piece.startsWith('<![CDATA[') ? piece.slice(9, -3) : decoded(piece)))
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
