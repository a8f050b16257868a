/** Error codes of OpenSSL and Node, by what they mean to an operator. */

/** Verification of a certificate chain failed (X509_V_ERR_…). */
export const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What plain text looks like to the TLS side. */
const NOT_TLS: ReadonlySet<string> = new Set(
  [
    'BAD_RECORD_TYPE',
    'HTTPS_PROXY_REQUEST',
    'HTTP_REQUEST',
    'INVALID_MESSAGE_TYPE',
    'PACKET_LENGTH_TOO_LONG',
    'RECORD_LENGTH_MISMATCH',
    'UNEXPECTED_MESSAGE',
    'UNKNOWN_PROTOCOL',
    'WRONG_VERSION_NUMBER',
  ].map((name) => `ERR_SSL_${name}`),
);

export function isNotTls(code: string): boolean {
  return NOT_TLS.has(code);
}
