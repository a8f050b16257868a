/** What a Java virtual machine would answer: `${sys:…}` without a -D, and `${java:…}`. */
import { EOL, homedir, tmpdir, userInfo } from 'node:os';
import { delimiter, sep } from 'node:path';

type Facts = Readonly<Record<string, () => string>>;

const OS_NAMES: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'Mac OS X', win32: 'Windows' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'aarch64' };

const SYSTEM: Facts = {
  'user.home': homedir,
  'user.name': () => userInfo().username,
  'user.dir': () => process.cwd(),
  'java.io.tmpdir': tmpdir,
  'file.separator': () => sep,
  'path.separator': () => delimiter,
  'line.separator': () => EOL,
  'os.name': () => OS_NAMES[process.platform] ?? process.platform,
  'os.arch': () => ARCHITECTURES[process.arch] ?? process.arch,
};

const JAVA: Facts = {
  version: () => `Java version 17 (Millrace on Node.js ${process.version})`,
  runtime: () => `Millrace on Node.js ${process.version}`,
  vm: () => `V8 ${process.versions.v8}`,
  os: () => `${process.platform}, architecture: ${process.arch}`,
  hw: () => `processors: 0, architecture: ${process.arch}`,
  locale: () => Intl.DateTimeFormat().resolvedOptions().locale,
};

/** A property that every Java virtual machine sets; null for others. */
export function systemFact(key: string): string | null {
  return factOf(SYSTEM, key);
}

/** `${java:key}`; null for a key that it does not have. */
export function javaFact(key: string): string | null {
  return factOf(JAVA, key);
}

function factOf(facts: Facts, key: string): string | null {
  return Object.hasOwn(facts, key) ? facts[key]!() : null;
}
