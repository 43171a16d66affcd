// The part that all forms of a linear layer y = x Wᵀ share: bindings and epilogues, which process finished sums. W is (out, in),
// like in the flat vector; matrices are row-major; `columns` and, in forward and backwardInput, `depth` count vec4.
//
//   forward         product[m,n] = sum_k left[m,k] right[n,k]   left x (rows, in),  right W,  product y; then an epilogue:
//                   plain | rotary positions (Su et al. 2021, arXiv 2104.09864, half-split as in Hugging Face LLaMA) on the
//                   query and key heads | SwiGLU (Shazeer 2020, arXiv 2002.05202): also activated = silu(gate) up
//   backwardInput   product[m,n] = sum_k left[m,k] right[k,n]   left dy (rows, out), right W, product dx; then an epilogue:
//                   plain | SwiGLU's backward, which writes the gradients of gate and up | product += sum
//   Both add `addend` to the sums before the epilogue, if the shape says so: a residual, or the output of an adapter.
//   backwardWeight  weightGradient[m,n] = sum_k left[k,m] right[k,n]   left dy, right x, always f32: plain | += sum
//
// Forward's sums come in pairs of vec4 at a distance of `span`, because a rotation or a gate needs both.
// One of the matmul files must follow; it has the loops.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  epilogue: u32, // one of the constants of epilogues.ts
  span: u32,     // distance of the two vec4 of a pair, in vec4
  rotated: u32,   // rotary: columns before this are queries and keys
  addends: u32,   // 1 if `addend` is added to the sums before the epilogue
  sequence: u32, // rotary: rows of one window
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> left: array<Stored>;
@group(0) @binding(2) var<storage, read> right: array<Stored>;
@group(0) @binding(3) var<storage, read> addend: array<Stored>;
@group(0) @binding(4) var<storage, read> rotation: array<vec4f>; // for each position half a head of cosines, then of sines
@group(0) @binding(5) var<storage, read> projected: array<Stored>;
@group(0) @binding(6) var<storage, read_write> product: array<Stored>;
@group(0) @binding(7) var<storage, read_write> activated: array<Stored>;
@group(0) @binding(8) var<storage, read_write> weightGradient: array<vec4f>;

fn sigmoid(x: vec4f) -> vec4f {
  return 1.0 / (1.0 + exp(-x));
}

// The first column of a pair; the second is `span` after it.
fn firstOfPair(pair: u32) -> u32 {
  return pair / shape.span * 2 * shape.span + pair % shape.span;
}

// Applies forward's epilogue to the pair of columns from `first` on; skips rows and columns outside the product.
fn storePair(row: u32, first: u32, a: vec4f, b: vec4f) {
  if (row >= shape.rows || first >= shape.columns) {
    return;
  }
  let at = row * shape.columns + first;
  var low = a;
  var high = b;
  let paired = first + shape.span < shape.columns;
  if (shape.addends == 1) {
    low += vec4f(addend[at]);
    if (paired) {
      high += vec4f(addend[at + shape.span]);
    }
  }
  if (shape.epilogue == rotaryEpilogue && first < shape.rotated) {
    let angle = (row % shape.sequence * 2) * shape.span + first % (2 * shape.span);
    let cosine = rotation[angle];
    let sine = rotation[angle + shape.span];
    let turned = low * cosine - high * sine;
    high = high * cosine + low * sine;
    low = turned;
  }
  product[at] = Stored(low);
  if (paired) {
    product[at + shape.span] = Stored(high);
  }
  if (shape.epilogue == swigluEpilogue) {
    activated[row * shape.span + first] = Stored(low * sigmoid(low) * high);
  }
}

// Applies backwardInput's epilogue to one vec4.
fn storeInput(row: u32, column: u32, value: vec4f) {
  if (row >= shape.rows || column >= shape.columns) {
    return;
  }
  var at = row * shape.columns + column;
  var sum = value;
  if (shape.addends == 1) {
    sum += vec4f(addend[at]);
  }
  if (shape.epilogue == swigluBackwardEpilogue) {
    let activatedGradient = sum;
    at = row * 2 * shape.columns + column;
    let gate = vec4f(projected[at]);
    let up = vec4f(projected[at + shape.columns]);
    let s = sigmoid(gate);
    sum = activatedGradient * up * s * (1.0 + gate * (1.0 - s));
    product[at + shape.columns] = Stored(activatedGradient * gate * s);
  }
  if (shape.epilogue == accumulateEpilogue) {
    sum += vec4f(product[at]);
  }
  product[at] = Stored(sum);
}

// Applies backwardWeight's epilogue to one vec4 of a column within the product.
fn storeWeight(row: u32, column: u32, value: vec4f) {
  if (row < shape.rows) {
    let at = row * shape.columns + column;
    weightGradient[at] = value + select(vec4f(), weightGradient[at], shape.epilogue == accumulateEpilogue);
  }
}
