/** The file groups of the options: which names of which directories are read, and with which headers. */
import { resolve } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { javaPattern } from '../../base/java/regex.ts';
import { madeOf } from '../../component/options/checked.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { SourceContext } from '../../component/source.ts';
import type { options } from './index.ts';

export interface FileGroup {
  readonly name: string;
  /** Place among the groups: files of earlier ones are read first. */
  readonly index: number;
  readonly directory: string;
  readonly matches: (fileName: string) => boolean;
  readonly headers: ReadonlyMap<string, string>;
}

/** @throws MillraceError when no group has files, or a pattern is not understood. */
export function fileGroups(context: SourceContext, o: OptionsOf<typeof options>): readonly FileGroup[] {
  const component = `source ${context.name}`;
  const paths = o['filegroups.*'];
  const groups: FileGroup[] = [];
  for (const name of new Set(o.filegroups)) {
    const path = paths[name];
    if (path === undefined) {
      context.log.warn(`${component}: group ${name} is left out: there is no filegroups.${name}`);
      continue;
    }
    groups.push(groupOf(component, name, groups.length, path, headersOf(o['headers.*'], name)));
  }
  if (groups.length > 0) return groups;
  throw new MillraceError(
    'CONF_OPTION_REQUIRED',
    `${component}: Mapping for tailing files is empty or invalid: 'filegroups.'`,
    {
      component,
      option: 'filegroups',
      value: o.filegroups.join(' '),
      remedy: 'set filegroups.GROUP for each group, e.g. filegroups.f1 = /var/log/app/.*\\\\.log',
    },
  );
}

/** As Java's File: slashes at the end do not count, a relative path is taken from where the agent runs. */
function groupOf(
  component: string,
  name: string,
  index: number,
  path: string,
  headers: ReadonlyMap<string, string>,
): FileGroup {
  const trimmed = path.replace(/\/+$/, '');
  const cut = trimmed.lastIndexOf('/');
  const expression = trimmed.slice(cut + 1);
  const pattern = madeOf(component, `filegroups.${name}`, path, () => javaPattern(expression));
  const directory = resolve(cut < 0 ? '.' : trimmed.slice(0, cut) || '/');
  return { name, index, directory, matches: (fileName) => pattern.matches(fileName), headers };
}

/** `GROUP.NAME`: a group's name holds no dot, a header's may. */
function headersOf(all: Readonly<Record<string, string>>, group: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [key, value] of Object.entries(all)) {
    const dot = key.indexOf('.');
    if (dot > 0 && key.slice(0, dot) === group) headers.set(key.slice(dot + 1), value);
  }
  return headers;
}
