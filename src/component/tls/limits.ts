/** Limits of TLS connections. Tests give smaller ones. */
export interface TlsLimits {
  /** Time in which a handshake must be over. */
  readonly handshakeMs: number;
  /**
   * Handshakes that one listener has under way. One more ends the oldest: a client that means it is done in
   * milliseconds, and one that stalls is the oldest soon.
   */
  readonly handshakesMax: number;
  /** How often files of keys and certificates are looked at. */
  readonly refreshMs: number;
  /** Failed handshakes are logged at most once in this time, the others counted. */
  readonly complaintMs: number;
}

export const TLS_LIMITS: TlsLimits = {
  handshakeMs: 10_000,
  handshakesMax: 1000,
  refreshMs: 3000,
  complaintMs: 10_000,
};
