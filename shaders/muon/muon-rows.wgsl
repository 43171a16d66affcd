// Tiles of muon-products.wgsl on all adapters: each invocation reads the operands of its own 8 rows of 4 columns.

const lanesX = 8u;
const lanesY = 1u;
const leftQuads = 2u;
const rightQuads = 8u;

fn makeTile(kind: u32, group: vec3u, local: vec3u) {
  let block = vec2u(rightQuads * group.x + local.x, leftQuads * group.y);
  var upper = mat4x4f();
  var lower = mat4x4f();
  for (var k = 0u; k < depthOf(kind); k += 4) {
    let columns = rightColumns(kind, group.z, block.x, k);
    upper += columns * leftRows(kind, group.z, block.y, k);
    lower += columns * leftRows(kind, group.z, block.y + 1, k);
  }
  finish(kind, block, group.z, upper);
  finish(kind, block + vec2u(0, 1), group.z, lower);
}
