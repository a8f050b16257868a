/** Imported first, for its effect: the engine's modules look at the switch when they load. */
process.env.MILLRACE_NATIVE = '0';

/** Native add-ons that this process has loaded, all threads together. */
export function loadedAddons(): readonly string[] {
  // Without it the report looks up names of the network's addresses.
  Object.assign(process.report, { excludeNetwork: true });
  const { sharedObjects } = process.report.getReport() as { sharedObjects: readonly string[] };
  return sharedObjects.filter((path) => path.endsWith('.node'));
}
