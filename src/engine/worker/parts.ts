/**
 * Finds the code of components: by alias or Java class in the registry, else as a plug-in, and parses their
 * options. One object a worker.
 */
import { existsSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { threadEntry } from '../../base/thread-entry.ts';
import type {
  ComponentKind,
  Declaration,
  DeclarationOf,
  RegistryEntry,
} from '../../component/declaration.ts';
import { parseOptions } from '../../component/options/parse.ts';
import type { PartSpec } from './messages.ts';

export interface PluginPlaces {
  readonly pluginPaths: readonly string[];
  readonly confDir: string | null;
}

export interface LoadedPart<K extends ComponentKind> {
  readonly declaration: DeclarationOf<K>;
  readonly module: Awaited<ReturnType<DeclarationOf<K>['load']>>;
  readonly options: unknown;
}

export class Parts {
  readonly #registry: readonly RegistryEntry[];
  readonly #places: PluginPlaces;

  constructor(registry: readonly RegistryEntry[], places: PluginPlaces) {
    this.#registry = registry;
    this.#places = places;
  }

  /** Declaration, code and parsed options of a part. `component` names it in errors. */
  async load<K extends ComponentKind>(
    kind: K,
    part: Omit<PartSpec, 'name'>,
    component: string,
  ): Promise<LoadedPart<K>> {
    const declaration = await this.declaration(kind, part.alias, component);
    const { values, findings } = parseOptions(declaration.options, part.properties, { component });
    const wrong = findings.find((finding) => finding.severity === 'error');
    if (wrong !== undefined) throw new MillraceError(wrong.code, wrong.text, wrong);
    const module = (await declaration.load()) as LoadedPart<K>['module'];
    return { declaration, module, options: values };
  }

  async declaration<K extends ComponentKind>(
    kind: K,
    type: string,
    component: string,
  ): Promise<DeclarationOf<K>> {
    const wanted = type.toLowerCase();
    const entry = this.#registry.find(
      (one) =>
        one.kind === kind &&
        (one.aliases.some((alias) => alias.toLowerCase() === wanted) ||
          one.classes.some((name) => name.toLowerCase() === wanted)),
    );
    const loaded = entry === undefined ? await this.plugin(type) : await entry.declare();
    const declaration = (loaded as { default?: Declaration }).default;
    if (declaration?.kind !== kind) {
      throw new MillraceError(
        'CONF_UNKNOWN_TYPE',
        `${component}: plug-in ${type} does not export a ${kind}`,
        {
          component,
          option: 'type',
          value: type,
          remedy: `export default a declaration with kind '${kind}' (docs/guide/extend.md)`,
        },
      );
    }
    return declaration as DeclarationOf<K>;
  }

  /** Imports a plug-in: `file:…`, a path that starts with `.` or `/`, or a package under plugins.d. */
  async plugin(specifier: string): Promise<Record<string, unknown>> {
    const url = resolvePlugin(specifier, this.#places);
    if (url === null) {
      throw new MillraceError('CONF_UNKNOWN_TYPE', `Unable to load ${specifier}`, {
        value: specifier,
        remedy:
          'use a type that `millrace components` lists, or the file of a plug-in: type = file:/path/to/plugin.js',
      });
    }
    try {
      provideContract();
      return (await import(url)) as Record<string, unknown>;
    } catch (error) {
      throw new MillraceError(
        'CONF_UNKNOWN_TYPE',
        `Plug-in ${specifier} cannot be loaded: ${messageOf(error)}`,
        {
          value: specifier,
          cause: error,
        },
      );
    }
  }
}

let provided = false;

/** Plug-ins stand anywhere: `millrace/plugin` is this installation's, without a node_modules of theirs. */
function provideContract(): void {
  if (provided) return;
  provided = true;
  const { href } = threadEntry(import.meta.url, '../../plugin');
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'millrace/plugin' ? { url: href, shortCircuit: true } : next(specifier, context),
  });
}

/** The URL of a plug-in's entry file, or null when there is none. */
export function resolvePlugin(specifier: string, places: PluginPlaces): string | null {
  if (specifier.startsWith('file:')) {
    const path = specifier.startsWith('file:/') ? fileURLToPath(specifier) : specifier.slice('file:'.length);
    return fileUrl(path, places.confDir);
  }
  if (specifier.startsWith('.') || isAbsolute(specifier)) return fileUrl(specifier, places.confDir);
  if (!/^(@[\w.-]+\/)?[\w.-]+(\/[\w./-]+)?$/.test(specifier)) return null;
  for (const folder of places.pluginPaths) {
    for (const base of [join(folder, specifier), folder]) {
      try {
        const require = createRequire(join(base, 'index.js'));
        return pathToFileURL(require.resolve(base === folder ? specifier : base)).href;
      } catch {
        // Not there: the next place is asked.
      }
    }
  }
  return null;
}

function fileUrl(path: string, confDir: string | null): string | null {
  const candidates = isAbsolute(path)
    ? [path]
    : [resolve(path), ...(confDir === null ? [] : [resolve(confDir, path)])];
  const found = candidates.find((candidate) => existsSync(candidate));
  return found === undefined ? null : pathToFileURL(found).href;
}
