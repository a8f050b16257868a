/** What the command line and the environment say together: properties, folders, memory. */
import { delimiter, join, resolve } from 'node:path';
import { last, type ParsedArguments, parseArguments } from './arguments.ts';

export interface Environment {
  readonly home: string;
  readonly confDir: string | null;
  /** Folders for `classpath:` URIs and password files. */
  readonly classPath: readonly string[];
  readonly pluginPaths: readonly string[];
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly heapBytes: number | null;
}

export function environmentOf(parsed: ParsedArguments): Environment {
  const home = process.env.MILLRACE_HOME ?? resolve(import.meta.dirname, '../..');
  const conf = last(parsed, 'conf');
  const confDir = conf === undefined ? null : resolve(conf);
  const fromEnv = [process.env.JAVA_OPTS, process.env.FLUME_JAVA_OPTS].flatMap((text) =>
    (text ?? '').split(/\s+/),
  );
  const java = parseArguments(
    fromEnv.filter((item) => /^-(D|X)/.test(item)),
    [],
  );
  const classPath = [
    ...(confDir === null ? [] : [confDir]),
    ...(parsed.options.get('classpath') ?? []).flatMap((path) => path.split(delimiter)),
    ...(process.env.FLUME_CLASSPATH ?? '').split(delimiter),
  ].filter((folder) => folder !== '');
  return {
    home,
    confDir,
    classPath,
    pluginPaths: (last(parsed, 'plugins-path') ?? join(home, 'plugins.d')).split(delimiter),
    systemProperties: { ...java.systemProperties, ...parsed.systemProperties },
    heapBytes: parsed.heapBytes ?? java.heapBytes,
  };
}
