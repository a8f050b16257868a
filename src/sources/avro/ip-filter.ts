/**
 * Which clients may connect: rules `<allow|deny>:<ip|name>:<pattern>`, the first that matches decides, and
 * none means that the client may. A pattern matches the whole address or name, in any letter case;
 * `localhost` as a name is this host, without asking a name server.
 */
import { lookup, reverse } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { MillraceError } from '../../base/errors.ts';

interface Rule {
  readonly allows: boolean;
  readonly kind: 'ip' | 'name' | 'localhost';
  readonly pattern: RegExp;
}

const LOOK_UP_MS_MAX = 5000;

export class IpFilter {
  readonly #rules: readonly Rule[];

  /** @throws MillraceError CONF_OPTION_VALUE for text that is no list of rules. */
  constructor(component: string, text: string) {
    const definitions = text.split(',').map((one) => one.trim());
    this.#rules = definitions.map((definition) => ruleOf(component, definition));
  }

  /** Whether this address may connect; null when that depends on its name. */
  byAddress(remoteAddress: string): boolean | null {
    const address = plainAddress(remoteAddress);
    for (const rule of this.#rules) {
      if (rule.kind === 'name') return null;
      if (rule.kind === 'localhost' ? isLocal(address) : rule.pattern.test(address)) return rule.allows;
    }
    return true;
  }

  /** The same by all rules, with the name that a name server tells. */
  async byName(remoteAddress: string): Promise<boolean> {
    const address = plainAddress(remoteAddress);
    const name = await nameOf(address);
    for (const { kind, pattern, allows } of this.#rules) {
      if (kind === 'localhost' ? isLocal(address) : pattern.test(kind === 'name' ? name : address))
        return allows;
    }
    return true;
  }
}

function ruleOf(component: string, definition: string): Rule {
  const [, access, kind, pattern] = /^(allow|deny):(ip|name):(.*)$/.exec(definition) ?? [];
  if (pattern === undefined || pattern === '') {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      `${component}: ipFilterRules: ${definition === '' ? 'an empty rule' : `the rule ${definition}`} should look ` +
        `like <'allow' or 'deny'>:<'ip' or 'name'>:<pattern>`,
      {
        component,
        option: 'ipFilterRules',
        value: definition,
        remedy: 'give rules such as allow:ip:10.0.*,deny:ip:*',
      },
    );
  }
  const isLocalhost = kind === 'name' && pattern.toLowerCase() === 'localhost';
  return {
    allows: access === 'allow',
    kind: isLocalhost ? 'localhost' : (kind as 'ip' | 'name'),
    pattern: patternOf(pattern),
  };
}

function patternOf(text: string): RegExp {
  const parts = [...text].map((char) => {
    if (char === '*') return '.*';
    return char === '?' ? '.' : char.replace(/[.+^${}()|[\]\\]/, '\\$&');
  });
  // Runs of * are one: a long run would make the match slow.
  return new RegExp(`^${parts.join('').replace(/(?:\.\*)+/g, '.*')}$`, 'i');
}

/** IPv4 clients of a socket for both families come as `::ffff:10.0.0.5`. */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function isLocal(address: string): boolean {
  if (address.startsWith('127.') || address === '::1') return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address));
}

/** The client's name when it leads back to the address; else the address itself, as Java has it. */
async function nameOf(address: string): Promise<string> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(address), LOOK_UP_MS_MAX);
  try {
    return await Promise.race([confirmedName(address), late]);
  } catch {
    return address;
  } finally {
    clearTimeout(timer);
  }
}

/** A name server that the client runs may tell any name: the name must lead back. */
async function confirmedName(address: string): Promise<string> {
  for (const name of await reverse(address)) {
    const addresses = await lookup(name, { all: true });
    if (addresses.some((one) => one.address === address)) return name;
  }
  return address;
}
