/**
 * `MILLRACE_NATIVE=0` keeps native add-ons of packages out of the process, for systems that refuse to load
 * them and for measurements. This file is imported, for its effect, before a package that would load one:
 *
 *     msgpackr   reads strings by msgpackr-extract unless its own variable, set here, says otherwise
 *     piscina    loads @napi-rs/nice only in pools with a `niceIncrement`, which Millrace never sets
 *
 * Each thread has its own `process.env`, so each thread that imports such a package imports this file, too.
 */
if (process.env.MILLRACE_NATIVE === '0') process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED = 'true';
