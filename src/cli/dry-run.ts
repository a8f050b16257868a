/** `--dryrun`: the command that would be run, as one line for a shell, without the option itself. */

const FROM_ENVIRONMENT = ['MILLRACE_HOME', 'JAVA_OPTS', 'FLUME_JAVA_OPTS', 'FLUME_CLASSPATH'];
const DRY_RUN = /^(-d|--?dr(y(r(un?)?)?)?)$/;
const SECRET_OPTION = /^(-pwd|--?conf-pass\w*)$/;

export function commandLine(args: readonly string[]): string {
  const words: string[] = [];
  for (const name of FROM_ENVIRONMENT) {
    const value = process.env[name] ?? '';
    const shown = value.split(/(\s+)/).map(withoutSecret).join('');
    if (value !== '') words.push(`${name}=${quoted(shown)}`);
  }
  words.push(quoted(process.execPath), ...process.execArgv.map(quoted), quoted(process.argv[1] ?? ''));
  args.forEach((argument, i) => {
    if (DRY_RUN.test(argument)) return;
    const secret = i > 0 && SECRET_OPTION.test(args[i - 1]!);
    words.push(quoted(secret ? '(secret)' : withoutSecret(argument)));
  });
  return `${words.join(' ')}\n`;
}

/** A line that is printed ends up in logs and tickets. */
function withoutSecret(argument: string): string {
  return argument.replace(/^(-D[^=]*password[^=]*=|--?conf-pass\w*=|-pwd=).*/i, '$1(secret)');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
