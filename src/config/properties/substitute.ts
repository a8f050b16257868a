/**
 * `${…}` in values, by the rules of Flume 1.10 and later: `${env:NAME}`, `${sys:property}`, `${java:key}`,
 * `${date:format}`, `${name:-default}`, variables inside variables, `$${` for a literal `${`. A name without
 * prefix is another key of the same configuration (Flume finds it only if its hash order is lucky; here it is
 * always found). What cannot be resolved stays as it is. With
 * -DpropertiesImplementation=…EnvVarResolverProperties a name without prefix may also be an environment
 * variable, and is empty when there is none (Flume 1.8 and 1.9).
 */
import type { Finding } from '../../base/finding.ts';
import { javaFact, systemFact } from './java-facts.ts';
import type { Property } from './parse.ts';

export interface SubstitutionScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly nowMs?: number;
}

const ENV_RESOLVER = 'org.apache.flume.node.EnvVarResolverProperties';
const NESTING_MAX = 32;
/** Lookups whose names somebody has to set; other text in `${…}` may be meant for a shell or a filter. */
const KINDS: Readonly<Record<string, string>> = { env: 'environment variable', sys: 'system property (-D)' };

export function substitute(
  properties: ReadonlyMap<string, Property>,
  scope: SubstitutionScope,
): { properties: Map<string, Property>; findings: Finding[] } {
  const findings: Finding[] = [];
  const resolver = new Resolver(properties, scope);
  const resolved = new Map<string, Property>();
  for (const [key, property] of properties) {
    resolver.cycle = null;
    const value = resolver.valueOf(key);
    const cycle = resolver.cycle as readonly string[] | null;
    if (cycle !== null) {
      findings.push({
        severity: 'error',
        code: 'CONF_CYCLE',
        text: `${key} refers to ${cycle[0] === key ? 'itself' : 'a circle'}: ${cycle.join(' → ')}`,
        key,
        file: property.file,
        line: property.line,
        remedy: 'break the circle; the value is left as it is',
      });
    }
    resolved.set(key, { ...property, value });
  }
  for (const [key, names] of resolver.missing) {
    const { file, line } = properties.get(key)!;
    for (const name of names) {
      findings.push({
        severity: 'warning',
        code: 'CONF_SUBSTITUTION',
        text: `${key}: \${${name}} stays as it is: there is no such ${KINDS[name.split(':', 1)[0]!]}`,
        key,
        file,
        line,
        remedy: `set it, or give a default: \${${name}:-DEFAULT}`,
      });
    }
  }
  return { properties: resolved, findings };
}

class Resolver {
  readonly #properties: ReadonlyMap<string, Property>;
  readonly #scope: SubstitutionScope;
  readonly #done = new Map<string, string>();
  readonly #underWay: string[] = [];
  readonly #fallBackToEnv: boolean;
  cycle: string[] | null = null;
  /** Names that nothing stands for, by the key whose value has them. */
  readonly missing = new Map<string, Set<string>>();

  constructor(properties: ReadonlyMap<string, Property>, scope: SubstitutionScope) {
    this.#properties = properties;
    this.#scope = scope;
    this.#fallBackToEnv = scope.systemProperties.propertiesImplementation === ENV_RESOLVER;
  }

  valueOf(key: string): string {
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const raw = this.#properties.get(key)!.value;
    const value = this.#inside(key, raw);
    if (this.cycle === null) this.#done.set(key, value);
    return this.cycle === null ? value : raw;
  }

  /** The text of what `name` stands for, resolved; `cycle` is set when it leads back to itself. */
  #inside(name: string, text: string): string {
    if (this.#underWay.includes(name)) {
      this.cycle = [...this.#underWay.slice(this.#underWay.indexOf(name)), name];
      return text;
    }
    this.#underWay.push(name);
    const value = this.#text(text, 0);
    this.#underWay.pop();
    return value;
  }

  #text(text: string, depth: number): string {
    if (!text.includes('${') || depth > NESTING_MAX) return text;
    let result = '';
    let at = 0;
    for (;;) {
      const open = text.indexOf('${', at);
      if (open < 0) return result + text.slice(at);
      if (open > at && text[open - 1] === '$') {
        result += `${text.slice(at, open - 1)}\${`;
        at = open + 2;
        continue;
      }
      const close = matching(text, open + 2);
      if (close < 0) return result + text.slice(at);
      const whole = text.slice(open, close + 1);
      result += text.slice(at, open) + (this.#variable(text.slice(open + 2, close), depth) ?? whole);
      at = close + 1;
    }
  }

  #variable(inner: string, depth: number): string | null {
    const expanded = this.#text(inner, depth + 1);
    const separator = expanded.indexOf(':-');
    const name = separator < 0 ? expanded : expanded.slice(0, separator);
    const value = this.#lookUp(name);
    if (value !== null) return value;
    if (separator >= 0) return expanded.slice(separator + 2);
    if (Object.hasOwn(KINDS, name.split(':', 1)[0]!)) this.#noteMissing(name);
    return null;
  }

  #noteMissing(name: string): void {
    const key = this.#underWay.findLast((one) => this.#properties.has(one));
    if (key === undefined) return;
    const names = this.missing.get(key) ?? new Set();
    this.missing.set(key, names.add(name));
  }

  #lookUp(name: string): string | null {
    const colon = name.indexOf(':');
    const rest = name.slice(colon + 1);
    switch (colon < 0 ? '' : name.slice(0, colon)) {
      case 'env':
        return this.#given(name, this.#scope.env, rest);
      case 'sys':
        return this.#given(name, this.#scope.systemProperties, rest) ?? systemFact(rest);
      case 'java':
        return javaFact(rest);
      case 'date':
        return dateText(rest, new Date(this.#scope.nowMs ?? Date.now()));
    }
    if (this.#properties.has(name)) return this.valueOf(name);
    if (this.#fallBackToEnv && /^\w+$/.test(name)) {
      return this.#given(`env:${name}`, this.#scope.env, name) ?? '';
    }
    return null;
  }

  /** A variable from outside; its value may hold variables, too. */
  #given(name: string, from: Readonly<Record<string, string | undefined>>, key: string): string | null {
    const text = Object.hasOwn(from, key) ? from[key] : undefined;
    return text === undefined ? null : this.#inside(name, text);
  }
}

/** Index of the brace that closes the variable whose inside begins at `from`; -1 when there is none. */
function matching(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('${', i)) {
      depth++;
      i++;
    } else if (text[i] === '}' && --depth === 0) {
      return i;
    }
  }
  return -1;
}

/** The letters of Java's SimpleDateFormat that paths use; quoted text as it is. */
function dateText(format: string, now: Date): string {
  const part = (value: number, width: number) => String(value).padStart(width, '0');
  return format.replace(/'([^']*)'|y+|M+|d+|H+|m+|s+|S+/g, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted;
    const width = token.length;
    switch (token[0]) {
      case 'y':
        return width === 2 ? part(now.getFullYear() % 100, 2) : part(now.getFullYear(), width);
      case 'M':
        return part(now.getMonth() + 1, width);
      case 'd':
        return part(now.getDate(), width);
      case 'H':
        return part(now.getHours(), width);
      case 'm':
        return part(now.getMinutes(), width);
      case 's':
        return part(now.getSeconds(), width);
      default:
        return part(now.getMilliseconds(), width);
    }
  });
}
