// What every form of a linear layer y = x Wᵀ shares: its bindings, and what becomes of a finished sum. W is (out, in) as it
// lies in the flat vector; matrices are row-major; `columns` and, in forward and backwardInput, `depth` count vec4.
//
//   forward         product[m,n] = sum_k left[m,k] right[n,k]   left x (rows, in),  right W,  product y; then an epilogue:
//                   plain | + addend | rotary positions (Su et al. 2021, arXiv 2104.09864, half-split as in Hugging Face
//                   LLaMA) on the query and key heads | SwiGLU (Shazeer 2020, arXiv 2002.05202): also activated = silu(gate) up
//   backwardInput   product[m,n] = sum_k left[m,k] right[k,n]   left dy (rows, out), right W, product dx; then an epilogue:
//                   plain | SwiGLU's backward, which writes the gradients of gate and up | product += sum
//   backwardWeight  weightGradient[m,n] = sum_k left[k,m] right[k,n]   left dy, right x, always f32 (+= with `epilogue` 1)
//
// Forward's sums come in pairs of vec4 that are `span` apart: the two that a rotation or a gate needs together.
// Followed by one of the matmul files, which has the loops.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  epilogue: u32,
  span: u32,     // vec4 between the two of a pair
  turned: u32,   // rotary: columns before this are queries and keys
  unused: u32,
  sequence: u32, // rotary: rows of one window
}

const addendEpilogue = 1u;
const rotaryEpilogue = 2u;
const swigluEpilogue = 3u;
const swigluBackwardEpilogue = 1u;
const accumulateEpilogue = 2u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<Stored>;
@group(0) @binding(2) var<storage, read> right: array<Stored>;
@group(0) @binding(3) var<storage, read> addend: array<Stored>;
@group(0) @binding(4) var<storage, read> rotation: array<vec4f>; // a position: half a head of cosines, then of sines
@group(0) @binding(5) var<storage, read> projected: array<Stored>;
@group(0) @binding(6) var<storage, read_write> product: array<Stored>;
@group(0) @binding(7) var<storage, read_write> activated: array<Stored>;
@group(0) @binding(8) var<storage, read_write> weightGradient: array<vec4f>;

fn sigmoid(x: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-x));
}

// The first column of a pair; the second is `span` further.
fn firstOfPair(pair: u32) -> u32 {
  return pair / shape.span * 2 * shape.span + pair % shape.span;
}

// Ends forward for the pair of columns from `first` on; rows and columns outside the product are left out.
fn storePair(row: u32, first: u32, a: vec4f, b: vec4f) {
  if (row >= shape.rows || first >= shape.columns) {
    return;
  }
  let at = row * shape.columns + first;
  var low = a;
  var high = b;
  if (shape.epilogue == rotaryEpilogue && first < shape.turned) {
    let angle = (row % shape.sequence * 2) * shape.span + first % (2 * shape.span);
    let cosine = rotation[angle];
    let sine = rotation[angle + shape.span];
    low = a * cosine - b * sine;
    high = b * cosine + a * sine;
  }
  if (shape.epilogue == addendEpilogue) {
    low += vec4f(addend[at]);
  }
  product[at] = Stored(low);
  if (first + shape.span < shape.columns) {
    if (shape.epilogue == addendEpilogue) {
      high += vec4f(addend[at + shape.span]);
    }
    product[at + shape.span] = Stored(high);
  }
  if (shape.epilogue == swigluEpilogue) {
    activated[row * shape.span + first] = Stored(a * sigmoid(a) * b);
  }
}

// Ends backwardInput for one vec4.
fn storeInput(row: u32, column: u32, value: vec4f) {
  if (row >= shape.rows || column >= shape.columns) {
    return;
  }
  var at = row * shape.columns + column;
  var sum = value;
  if (shape.epilogue == swigluBackwardEpilogue) {
    at = row * 2 * shape.columns + column;
    let gate = vec4f(projected[at]);
    let up = vec4f(projected[at + shape.columns]);
    let s = sigmoid(gate);
    sum = value * up * s * (1.0 + gate * (1.0 - s));
    product[at + shape.columns] = Stored(value * gate * s);
  }
  if (shape.epilogue == accumulateEpilogue) {
    sum += vec4f(product[at]);
  }
  product[at] = Stored(sum);
}

// Ends backwardWeight for one vec4 of a column that is in the product.
fn storeWeight(row: u32, column: u32, value: vec4f) {
  if (row < shape.rows) {
    let at = row * shape.columns + column;
    weightGradient[at] = value + select(vec4f(), weightGradient[at], shape.epilogue == 1u);
  }
}
