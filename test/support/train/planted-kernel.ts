import { watchDevices } from '../watch-devices.ts';

/** A driver that compiles kernels wrongly: their first workgroup does nothing. `isWrong` chooses them by their shader and text. */
export function plantedKernels(gpu: GPU, entry: string, isWrong: (shader: string) => boolean): GPU {
  return watchDevices(gpu, (device) => {
    const compile = device.createShaderModule.bind(device);
    device.createShaderModule = (descriptor) => {
      const { code, label = '' } = descriptor;
      return compile(isWrong(label) ? { ...descriptor, code: withoutFirstGroup(code, entry) } : descriptor);
    };
  });
}

function withoutFirstGroup(code: string, entry: string): string {
  const declared = code.indexOf(`fn ${entry}(`);
  if (declared < 0) return code;
  const body = code.indexOf('{', declared) + 1;
  const parameters = code.slice(declared, body);
  const [, group] = /@builtin\(workgroup_id\)\s*(\w+)/.exec(parameters) ?? [];
  const [, id] = /@builtin\(global_invocation_id\)\s*(\w+)/.exec(parameters) ?? [];
  const first = group === undefined ? `${id}.x < 64u` : `all(${group} == vec3u(0u))`;
  return `${code.slice(0, body)} if (${first}) { return; } ${code.slice(body)}`;
}
