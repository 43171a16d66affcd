/** The page of local-entry.ts with contributing added. */
export * from '../../client/contribute/contributor.ts';
export { browserNetwork } from '../../client/host/browser/network.ts';
export * from './local-entry.ts';
