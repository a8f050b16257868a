/**
 * What `-Dkey=value` set on the command line, where components of this thread find it. A worker sets it once,
 * before it loads any component.
 */
let properties: Readonly<Record<string, string>> = {};

export function setSystemProperties(given: Readonly<Record<string, string>>): void {
  properties = given;
}

export function systemProperty(name: string): string | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}
