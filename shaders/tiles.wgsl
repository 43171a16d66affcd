// A product of two matrices on GPUs: a workgroup walks through both in tiles, which it loads into workgroup memory as 32-bit
// floats; an invocation adds up 4 or 8 rows of two vec4 in registers.
//
// For each k, a tile holds the rows and the columns of the product in groups of four ("quads"), one vec4 each; a step is an
// outer product of a few quads. They are loaded in "blocks" of one quad and 4 k; blocks that lie along k in memory are
// transposed when they are loaded. A shader that includes this file defines, for each number of a `product`:
//
//   leftBlock, rightBlock  returns a block; its column j is the quad at the j-th k from `k` on. Loads must be clamped, because
//                          quad and k may be out of range
//   leftAlong, rightAlong  true if blocks lie along k in memory
//   depthOf                the number of k

override lanesX: u32 = 8;
override lanesY: u32 = 8;
override quadRows: u32 = 1;  // quads of rows of an invocation, 1 or 2
override tileDepth: u32 = 4; // blocks along k

override lanes = lanesX * lanesY;
override leftQuads = lanesY * quadRows;
override rightQuads = lanesX * 2;
override leftBlocks = leftQuads * tileDepth;
override rightBlocks = rightQuads * tileDepth;

var<workgroup> leftTile: array<vec4f, 4 * leftBlocks>;
var<workgroup> rightTile: array<vec4f, 4 * rightBlocks>;

// The quad and the depth, in fours, of a block; neighbouring invocations read adjacent memory.
fn placeOf(block: u32, quads: u32, alongDepth: bool) -> vec2u {
  if (alongDepth) {
    return vec2u(block / tileDepth, block % tileDepth);
  }
  return vec2u(block % quads, block / quads);
}

fn bringBlock(product: u32, group: vec3u, block: u32, start: u32) {
  if (block < leftBlocks) {
    let place = placeOf(block, leftQuads, leftAlong(product));
    let values = leftBlock(product, group, place.x, start + 4 * place.y);
    let at = 4 * place.y * leftQuads + place.x;
    leftTile[at] = values[0];
    leftTile[at + leftQuads] = values[1];
    leftTile[at + 2 * leftQuads] = values[2];
    leftTile[at + 3 * leftQuads] = values[3];
  } else {
    let place = placeOf(block - leftBlocks, rightQuads, rightAlong(product));
    let values = rightBlock(product, group, place.x, start + 4 * place.y);
    let at = 4 * place.y * rightQuads + place.x;
    rightTile[at] = values[0];
    rightTile[at + rightQuads] = values[1];
    rightTile[at + 2 * rightQuads] = values[2];
    rightTile[at + 3 * rightQuads] = values[3];
  }
}

// The sums of an invocation: its rows of its left column and of its right one. A matrix holds four rows, one in each column.
struct Sums {
  near: array<mat4x4f, 2>,
  far: array<mat4x4f, 2>,
}

fn sumsOf(product: u32, group: vec3u, local: vec3u) -> Sums {
  let lane = local.y * lanesX + local.x;
  let depth = depthOf(product);
  var sums = Sums();
  for (var start = 0u; start < depth; start += 4 * tileDepth) {
    for (var block = lane; block < leftBlocks + rightBlocks; block += lanes) {
      bringBlock(product, group, block, start);
    }
    workgroupBarrier();
    for (var k = 0u; k < min(4 * tileDepth, depth - start); k++) {
      let near = rightTile[k * rightQuads + local.x];
      let far = rightTile[k * rightQuads + lanesX + local.x];
      for (var i = 0u; i < quadRows; i++) {
        let x = leftTile[k * leftQuads + i * lanesY + local.y];
        sums.near[i] += mat4x4f(near * x.x, near * x.y, near * x.z, near * x.w);
        sums.far[i] += mat4x4f(far * x.x, far * x.y, far * x.z, far * x.w);
      }
    }
    workgroupBarrier();
  }
  return sums;
}

// The i-th quad of rows of an invocation.
fn quadRow(group: vec3u, local: vec3u, i: u32) -> u32 {
  return group.y * leftQuads + i * lanesY + local.y;
}
