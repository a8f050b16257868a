/** Files in the form of java.util.Properties, as clients take them. */
import { readFileSync } from 'node:fs';
import { MillraceError, messageOf } from '../base/errors.ts';
import { decodeProperties, parseProperties } from '../config/properties/parse.ts';

/** @throws MillraceError that names the file. */
export function readProperties(file: string): Map<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const text = `${file} cannot be read: ${messageOf(cause)}`;
    throw new MillraceError('CONF_FILE_MISSING', text, {
      value: file,
      remedy: 'give a file that can be read',
      cause,
    });
  }
  const { properties, findings } = parseProperties(decodeProperties(bytes), file);
  const wrong = findings.find((finding) => finding.severity === 'error');
  if (wrong !== undefined) throw new MillraceError(wrong.code, `${file}: ${wrong.text}`, wrong);
  return new Map([...properties].map(([key, { value }]) => [key, value]));
}
