/** How a relay gets its certificate from an authority by ACME (RFC 8555). */
export interface AcmeOptions {
  /** The name that the certificate is for. */
  readonly host: string;
  /** The address of the authority's directory. */
  readonly directory: string;
  /** The operator agrees to the authority's terms. */
  readonly agreed: boolean;
  /** Where the authority tells the operator of problems. */
  readonly email?: string;
  /** The port that the authority reaches as port 80. */
  readonly challengePort: number;
}

/** The production service of Let's Encrypt. */
export const usualDirectory = 'https://acme-v02.api.letsencrypt.org/directory';
