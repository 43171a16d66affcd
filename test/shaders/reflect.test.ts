import { expect, test } from 'vitest';
import { shaders } from '../../shaders/index.ts';
import { reflect } from '../../shaders/reflect.ts';

const text = `// @group(0) @binding(9) var<uniform> unsaid: u32;
struct Shape {
  rows: u32, // how many
  scale: f32,
}

override lanes: u32 = 8;
override twice = 2 * lanes;

@group(0) @binding(4) var<storage, read_write> output: array<Stored>;
@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read> input: array<vec4f>;

fn weighed(row: u32) -> f32 {
  return weights[row];
}

fn deeper(row: u32) -> f32 {
  return weighed(row) * shape.scale;
}

// Its parameter hides a binding, as its local variable does.
fn shadowing(input: f32) -> f32 {
  let weights = input;
  return weights;
}

@compute @workgroup_size(lanes)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  output[id.x] = Stored(deeper(id.x) * vec4f(1)); // not input
}

@compute @workgroup_size(lanes, twice)
fn backward(
  @builtin(global_invocation_id) id: vec3u,
) {
  if (id.x < shape.rows) {
    let sum = shadowing(shape.scale) + input[id.x].weights;
  }
}
`;

test('an entry point has the bindings that it and the functions it calls use, in the order of their numbers', () => {
  const { entryPoints } = reflect([text]);
  expect(Object.keys(entryPoints)).toEqual(['forward', 'backward']);
  expect(Object.keys(entryPoints['forward'] ?? {})).toEqual(['shape', 'weights', 'output']);
  expect(entryPoints['backward']).toEqual({
    shape: { binding: 0, kind: 'uniform', type: 'Shape' },
    input: { binding: 3, kind: 'read', type: 'array<vec4f>' },
  });
  expect(entryPoints['forward']?.['output']).toEqual({ binding: 4, kind: 'write', type: 'array<Stored>' });
});

test('derived constants cannot be overridden, and comments are not read as declarations', () => {
  const { overrides, structs } = reflect([text]);
  expect(overrides).toEqual(['lanes']);
  expect(structs['Shape']).toEqual([
    { name: 'rows', type: 'u32' },
    { name: 'scale', type: 'f32' },
  ]);
});

test('a binding in another address space is refused', () => {
  expect(() => reflect(['@group(0) @binding(0) var<storage> x: u32;\n'])).toThrow('x is bound as storage');
});

test('a line of the whole text is reported by its file and line there', () => {
  const { parts, source } = shaders.tiledMatmul;
  const lines = source.split('\n');
  for (const { file, text: own } of parts) {
    const [first = ''] = own.split('\n');
    expect(shaders.tiledMatmul.placeOf(lines.indexOf(first) + 1)).toBe(`${file}:1`);
  }
});
