// Tiles of muon-products.wgsl on adapters whose subgroups have 8 lanes, a CPU's vectors. Like in subgroup-matmul.wgsl, each
// lane loads a different row of `left` and shares it with all lanes; an invocation holds 16 rows of 4 columns.

const lanesX = 8u;
const lanesY = 1u;
const leftQuads = 4u;
const rightQuads = 8u;

// Stays in registers as long as unrolled loops make every index known at compile time; so sums are taken out by shifting.
var<private> sums: array<vec4f, 16>;

fn addProducts(row: u32, columns: mat4x4f, x: vec4f) {
  for (var i = 0u; i < 8; i++) {
    sums[row + i] += columns * subgroupShuffle(x, i);
  }
}

fn makeTile(kind: u32, group: vec3u, local: vec3u) {
  let block = vec2u(rightQuads * group.x + local.x, leftQuads * group.y);
  let depth = depthOf(kind) / 4;
  let row = 4 * block.y + local.x;
  let low = (group.z * shape.rows + min(row, shape.rows - 1)) * depth;
  let high = (group.z * shape.rows + min(row + 8, shape.rows - 1)) * depth;
  for (var k = 0u; k < depth; k++) {
    let columns = rightColumns(kind, group.z, block.x, 4 * k);
    addProducts(0, columns, left[low + k]);
    addProducts(8, columns, left[high + k]);
  }
  for (var y = block.y; y < min(block.y + leftQuads, shape.rows / 4); y++) {
    finish(kind, vec2u(block.x, y), group.z, mat4x4f(sums[0], sums[1], sums[2], sums[3]));
    for (var i = 4u; i < 16; i++) {
      sums[i - 4] = sums[i];
    }
  }
}
