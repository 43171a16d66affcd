/** Dawn prints two limits that it lowers, whenever it opens an adapter with Vulkan, and has no option to be quiet. */
const dawnWarning =
  /^Warning: maxDynamic(?:Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.$/;

/**
 * Passes on what a program writes to stderr, line by line, without Dawn's two warnings: they are printed by native code
 * and concern no one who runs Tapestry. The last line may have no end.
 * @param {AsyncIterable<Buffer> | Iterable<Buffer>} stderr
 * @param {(text: string) => void} write
 */
export async function withoutWarnings(stderr, write) {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stderr) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    const kept = lines.filter((line) => !dawnWarning.test(line.trimEnd()));
    if (kept.length > 0) write(`${kept.join('\n')}\n`);
  }
  if (rest !== '' && !dawnWarning.test(rest)) write(rest);
}
