import type { Post } from '../../../../client/host/post.ts';
import type { Fetch } from '../../../../client/relay-http.ts';
import type { Files } from '../../../../client/runtime.ts';

/** What an evaluator needs of the process that it runs in. */
export interface EvaluatorPlace {
  readonly files: Files;
  /** Where measured kernels are. */
  readonly cache: Files;
  readonly fetch: Fetch;
  readonly post: Post;
  gpu(): Promise<GPU>;
}

/** That of Node, which compares the certificate's fingerprint, or of Deno, which trusts the file of --cert. */
export async function evaluatorPlace(
  folder: string,
  fingerprint: string | undefined,
): Promise<EvaluatorPlace> {
  if ('Deno' in globalThis) {
    const { denoRuntime } = await import('../../../../client/host/deno/runtime.ts');
    const { fetchFrom } = await import('../../../../client/host/relay-errors.ts');
    const { postTo } = await import('../../../../client/host/post.ts');
    const { files, cache, gpu } = denoRuntime({ folder });
    return { files, cache, gpu, fetch: fetchFrom, post: postTo };
  }
  const { nodeRuntime } = await import('../../../../client/host/node/runtime.ts');
  const { fetchPinnedTo, postPinnedTo } = await import('../../../../client/host/node/network.ts');
  const { files, cache, gpu } = nodeRuntime({ folder });
  return { files, cache, gpu, fetch: fetchPinnedTo(fingerprint), post: postPinnedTo(fingerprint) };
}
