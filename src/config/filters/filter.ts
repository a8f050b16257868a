/**
 * Config filters: `${filter['key']}` in values of components is replaced by what the filter knows of
 * the key. A filter that cannot be made is skipped with a warning; a key that it does not know
 * leaves the text as it is.
 */
import { execFileSync } from 'node:child_process';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Finding } from '../../base/finding.ts';
import type { Property } from '../properties/parse.ts';
import { hadoopCredentials } from './hadoop.ts';
import type { ConfigFilter, FilterScope } from './types.ts';

const CLASSES: Readonly<Record<string, string>> = {
  'org.apache.flume.configfilter.environmentvariableconfigfilter': 'env',
  'org.apache.flume.configfilter.externalprocessconfigfilter': 'external',
  'org.apache.flume.configfilter.hadoopcredentialstoreconfigfilter': 'hadoop',
};

const EXTERNAL_MS_MAX = 60_000;

export function createFilter(properties: ReadonlyMap<string, Property>, scope: FilterScope): ConfigFilter {
  const text = (key: string) => properties.get(key)?.value;
  const type = (text('type') ?? '').toLowerCase();
  switch (Object.hasOwn(CLASSES, type) ? CLASSES[type] : type) {
    case 'env':
      return (key) => (Object.hasOwn(scope.env, key) ? (scope.env[key] ?? null) : null);
    case 'external':
      return external(text('command'), text('charset') ?? 'UTF-8');
    case 'hadoop':
      return hadoopCredentials({
        path: text('credential.provider.path'),
        passwordFile: text('credstore.java-keystore-provider.password-file'),
        ...scope,
      });
    default:
      throw new MillraceError('CONF_UNKNOWN_TYPE', `unknown config filter type ${text('type') ?? '(none)'}`, {
        remedy: 'use env, external or hadoop',
      });
  }
}

function external(command: string | undefined, charset: string): ConfigFilter {
  if (command === undefined) {
    throw new MillraceError(
      'CONF_OPTION_REQUIRED',
      'config filter external: required option command is missing',
      {
        remedy: 'set command to a program that prints the value of the key it is given last',
      },
    );
  }
  const [file, ...args] = command.trim().split(/\s+/) as [string, ...string[]];
  return (key) => {
    const output = execFileSync(file, [...args, key], {
      timeout: EXTERNAL_MS_MAX,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new TextDecoder(charset).decode(output).split(/\r\n|\r|\n/, 1)[0] ?? null;
  };
}

/** Replaces every `${filter[key]}` in a value; `note` hears of keys that gave nothing. */
export function applyFilters(
  value: string,
  filters: ReadonlyMap<string, ConfigFilter>,
  note: (finding: Pick<Finding, 'severity' | 'code' | 'text' | 'remedy'>) => void,
): string {
  let result = value;
  for (const [name, filter] of filters) {
    const escaped = name.replace(/[^\w]/g, '\\$&');
    const pattern = new RegExp(
      String.raw`\$\{${escaped}\[(?:'([-_a-zA-Z0-9]+)'|"([-_a-zA-Z0-9]+)"|([-_a-zA-Z0-9]+))\]\}`,
      'g',
    );
    result = result.replace(pattern, (whole, single?: string, double?: string, bare?: string) => {
      const key = single ?? double ?? bare ?? '';
      let reason = 'it does not know the key';
      try {
        const found = filter(key);
        if (found !== null) return found;
      } catch (error) {
        reason = messageOf(error).split('\n', 1)[0]!;
      }
      note({
        severity: 'warning',
        code: 'CONF_SUBSTITUTION',
        text: `Config filter ${name} gave no value for the key ${key}: ${reason}`,
        remedy: 'the text is left as it is; check the key and the filter’s settings',
      });
      return whole;
    });
  }
  return result;
}
