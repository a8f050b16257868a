import { countOf, findingsText } from '../../config/lint/report.ts';
import type { ParsedArguments } from '../arguments.ts';
import { type Command, complain, EXIT, print } from '../command.ts';
import { PLANNING_OPTIONS, planFrom } from '../planning.ts';

const help = `Checks a configuration and reports everything that is found, with file, line and remedy.

usage: millrace validate FILE [-n NAME] [--json] [--tier syntax|plan]

tiers:
  syntax   the text of the file: malformed lines, duplicate keys, unreadable files
  plan     everything: components, options, patterns, plug-ins, wiring, capacities (default)

exit code: 0 when there is no error, 78 when there is one

examples:
  millrace validate conf/examples/quickstart.conf -n a1
  millrace validate job.conf -n a1 --json | jq '.findings[].remedy'
`;

const TIERS: Readonly<Record<string, readonly string[] | null>> = {
  syntax: ['CONF_SYNTAX', 'CONF_DUPLICATE', 'CONF_FILE_MISSING', 'CONF_PROPERTY_VALUE_NULL'],
  plan: null,
};

async function run(parsed: ParsedArguments): Promise<number> {
  if (parsed.positionals.length + (parsed.options.get('conf-file')?.length ?? 0) === 0) {
    complain(`Error: no file given\n\n${help}`);
    return EXIT.usage;
  }
  const tier = parsed.options.get('tier')?.at(-1) ?? 'plan';
  if (!Object.hasOwn(TIERS, tier)) {
    complain(`Error: --tier ${tier} is neither syntax nor plan\n`);
    return EXIT.usage;
  }
  const { name, result, findings: all } = await planFrom(parsed);
  const codes = TIERS[tier];
  const findings = codes === null ? all : all.filter((finding) => codes!.includes(finding.code));
  const errors = countOf(findings, 'error');
  const warnings = countOf(findings, 'warning');
  if (parsed.options.has('json')) {
    const report = { agent: name, valid: errors === 0, errors, warnings, findings, plan: result.plan };
    print(`${JSON.stringify(report, withoutSecrets, 2)}\n`);
  } else {
    print(findingsText(findings, process.stdout.isTTY === true));
    const units = result.plan?.units.length ?? 0;
    print(
      `${errors} errors, ${warnings} warnings; agent ${name || '(none)'}: ${units === 0 ? 'nothing' : `${units} units`} would run\n`,
    );
  }
  return errors === 0 ? EXIT.ok : EXIT.config;
}

const SECRET_KEY = /pass(word|wd|phrase)?$|secret|token/i;

/** The plan holds every property as the component gets it, secrets of config filters among them. */
function withoutSecrets(key: string, value: unknown): unknown {
  return typeof value === 'string' && SECRET_KEY.test(key) ? '(secret)' : value;
}

export default {
  options: [
    ...PLANNING_OPTIONS,
    { name: 'json', help: 'findings and plan as JSON' },
    { name: 'tier', value: 'TIER', help: 'syntax or plan' },
  ],
  help,
  run,
} satisfies Command;
