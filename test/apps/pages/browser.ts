import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright';

const distribution = '/usr/bin/chromium';
const webgpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

/** Playwright's own Chromium where it is installed, else the distribution's; with a software WebGPU adapter, or without any. */
export function launchBrowser(gpu: 'swiftshader' | 'none', more: readonly string[] = []): Promise<Browser> {
  const own = existsSync(chromium.executablePath());
  return chromium.launch({
    ...(own ? {} : { executablePath: distribution }),
    args: ['--no-sandbox', '--headless=new', ...(gpu === 'swiftshader' ? webgpu : []), ...more],
  });
}
