// Run in a process of its own by adapter.mjs: a broken driver may crash it. Prints the adapter's name as JSON.
import { create } from 'webgpu';

const gpu = create([]);
const adapter = await gpu.requestAdapter();
if (adapter === null) {
  console.log(JSON.stringify(null));
} else {
  const device = await adapter.requestDevice();
  const { description, device: model, vendor } = adapter.info;
  console.log(JSON.stringify(description || model || vendor || 'unnamed adapter'));
  device.destroy();
}
// Held until here: Dawn aborts the process once its entry point is collected.
process.exit(gpu === undefined ? 1 : 0);
