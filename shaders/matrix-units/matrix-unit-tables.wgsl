// Loads rows of attention into matrix units (matrix-units.wgsl) and stores their results, through workgroup memory: it holds
// two tiles of rows and, after them, tables of each subgroup. The units store scores as a table of floats; a few lanes share
// each of its rows. The weights overwrite the scores, and are operands of the units again.
// Rows are padded by 16 bytes, like in matrix-unit-matmul.wgsl.

override subgroups: u32 = 4;
override tile: u32 = 32;        // rows; a multiple of a unit's columns and depth, with a vec4 for each lane of a row; at most 64
override tables: u32 = 2;       // of a subgroup; forward has one

const rowLanes = subgroupLanes / unitRows;
const mostQuads = 16 / rowLanes;       // of a tile, for each lane of a row
const mostDepths = 128 / unitDepth;    // of a head
const mostColumns = 128 / unitColumns;

override lanes = subgroups * subgroupLanes;
override owned = subgroups * unitRows;
override quads = tile / (4 * rowLanes);
override headDepths = 4 * headVectors / unitDepth;
override headColumns = 4 * headVectors / unitColumns;
override rowStride = headVectors + padding;
override rightAt = tile * rowStride;
override tablesAt = 2 * rightAt;
override scoreStride = tile / 4 * sumElements + padding;
override scoreSize = unitRows * scoreStride;
override weightStride = tile / 4 + padding;
override sumStride = headVectors * sumElements + padding;
override tablesEach = max(tables * scoreSize, unitRows * sumStride);

var<workgroup> memory: array<Element, max(tablesAt + subgroups * tablesEach, owned * rowStride)>;
var<private> lane: u32; // lane in the subgroup

fn tableAt(subgroup: u32) -> u32 {
  return tablesAt + subgroup * tablesEach;
}

// The subgroup's own units of the rows that were loaded to the start of the memory.
fn ownUnits(subgroup: u32) -> array<LeftUnit, mostDepths> {
  var units: array<LeftUnit, mostDepths>;
  workgroupBarrier();
  for (var d = 0u; d < headDepths; d++) {
    units[d] = loadLeft(subgroup * unitRows * rowStride + d * unitDepth / 4, rowStride, false);
  }
  workgroupBarrier();
  return units;
}

// Stores a table of the products of the subgroup's rows with the tile's rows.
fn putProducts(own: ptr<function, array<LeftUnit, mostDepths>>, tileAt: u32, table: u32) {
  for (var row = 0u; row < tile; row += unitColumns) {
    var products = SumUnit();
    for (var d = 0u; d < headDepths; d++) {
      let at = tileAt + row * rowStride + d * unitDepth / 4;
      products = addProduct(products, (*own)[d], loadRight(at, rowStride, true));
    }
    storeSums(table + row / 4 * sumElements, scoreStride, products);
  }
}

// Adds the tile's rows to the sums, weighted by a table.
fn addWeighted(sums: ptr<function, array<SumUnit, mostColumns>>, weights: u32, tileAt: u32) {
  for (var row = 0u; row < tile; row += unitDepth) {
    let x = loadLeft(weights + row / 4, weightStride, false);
    for (var d = 0u; d < headColumns; d++) {
      let at = tileAt + row * rowStride + d * unitColumns / 4;
      (*sums)[d] = addProduct((*sums)[d], x, loadRight(at, rowStride, false));
    }
  }
}

// Four products of the lane's row, from `column` on.
fn productsAt(table: u32, column: u32) -> vec4f {
  return sumsAt(table + lane / rowLanes * scoreStride + column / 4 * sumElements);
}

// Overwrites a table, which all lanes of the subgroup have read, with the lane's weights.
fn putWeights(table: u32, weights: array<vec4f, mostQuads>) {
  var values = weights;
  for (var i = 0u; i < quads; i++) {
    memory[table + lane / rowLanes * weightStride + columnOf(i) / 4] = elementOf(vec4<Operand>(values[i]));
  }
}

// The first of the lane's i-th group of four columns of a table.
fn columnOf(i: u32) -> u32 {
  return 4 * (i * rowLanes + lane % rowLanes);
}

// Stores the subgroup's sums as floats, to be read by `sumAt`. All subgroups must call it together.
fn putSums(subgroup: u32, sums: ptr<function, array<SumUnit, mostColumns>>) {
  workgroupBarrier();
  for (var d = 0u; d < headColumns; d++) {
    storeSums(tableAt(subgroup) + d * unitColumns / 4 * sumElements, sumStride, (*sums)[d]);
  }
  workgroupBarrier();
}

fn sumAt(subgroup: u32, row: u32, i: u32) -> vec4f {
  return sumsAt(tableAt(subgroup) + row * sumStride + i * sumElements);
}

// The maximum over the lanes that share a row.
fn rowHighest(x: f32) -> f32 {
  var result = x;
  for (var apart = 1u; apart < rowLanes; apart *= 2) {
    result = max(result, subgroupShuffleXor(result, apart));
  }
  return result;
}

fn rowSum(x: f32) -> f32 {
  var result = x;
  for (var apart = 1u; apart < rowLanes; apart *= 2) {
    result += subgroupShuffleXor(result, apart);
  }
  return result;
}
