import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright';

const distribution = '/usr/bin/chromium';
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Where the Vulkan driver is described that this Chromium brings along. Throws where it brings none. */
export function swiftShaderDriver(): string {
  const folders = [dirname(chromium.executablePath()), '/usr/lib/chromium'];
  const files = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json'));
  const found = files.find((file) => existsSync(file));
  if (found === undefined) throw new Error(`no SwiftShader beside Chromium: looked for ${files.join(', ')}`);
  return found;
}

/** Playwright's own Chromium where it is installed, else the distribution's; with a software WebGPU adapter, or without any. */
export function launchBrowser(gpu: 'swiftshader' | 'none', more: readonly string[] = []): Promise<Browser> {
  const own = existsSync(chromium.executablePath());
  return chromium.launch({
    timeout: 0,
    ...(own ? {} : { executablePath: distribution }),
    args: ['--no-sandbox', '--headless=new', ...(gpu === 'swiftshader' ? webgpu : []), ...more],
  });
}
