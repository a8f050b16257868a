/** Pieces of Markdown. */

/** Text that is not Markdown: what would be read as markup is escaped, code between backticks stays. */
export function plain(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith('`') ? part : part.replace(/[\\<*]/g, (sign) => `\\${sign}`)))
    .join('');
}

/** A code span, or a dash for nothing. */
export function code(text: string): string {
  if (text === '' || text === '—') return '—';
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

export function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`;
}

/** A page with the line that says where it comes from. */
export function page(title: string, from: string, ...parts: readonly string[]): string {
  const head = `<!-- Written by \`npm run generate\` from ${from}: change that, not this page. -->\n\n# ${title}\n`;
  return [head, ...parts.filter((part) => part !== '')].map((part) => `${part.trimEnd()}\n`).join('\n');
}
