// Tiles of muon-products.wgsl on GPUs; they use tiles.wgsl.

fn leftAlong(kind: u32) -> bool {
  return true;
}

fn rightAlong(kind: u32) -> bool {
  return kind != toMultiple;
}

fn leftBlock(kind: u32, group: vec3u, quad: u32, k: u32) -> mat4x4f {
  let held = min(k, depthOf(kind) - 4);
  return transpose(leftRows(kind, group.z, group.y * leftQuads + quad, held));
}

fn rightBlock(kind: u32, group: vec3u, quad: u32, k: u32) -> mat4x4f {
  let held = min(k, depthOf(kind) - 4);
  return rightColumns(kind, group.z, group.x * rightQuads + quad, held);
}

fn makeTile(kind: u32, group: vec3u, local: vec3u) {
  var sums = sumsOf(kind, group, local);
  let column = group.x * rightQuads + local.x;
  for (var i = 0u; i < quadRows; i++) {
    let row = quadRow(group, local, i);
    finish(kind, vec2u(column, row), group.z, sums.near[i]);
    finish(kind, vec2u(column + lanesX, row), group.z, sums.far[i]);
  }
}
