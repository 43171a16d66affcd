// Four separate numbers, for sums that live through a loop. With a vec4, llvmpipe reads all four numbers whenever it needs one:
// that is four times the instructions, and the time to compile them grows faster than their number.
//
// In the loops that take most time, which are unrolled, the indices into private arrays of these must be known at compile time.
// Code that fills and empties an array may use other indices: each costs a load or a store, but few instructions to compile.

struct Numbers {
  x: f32,
  y: f32,
  z: f32,
  w: f32,
}

fn numbers(v: vec4f) -> Numbers {
  return Numbers(v.x, v.y, v.z, v.w);
}

fn vector(n: Numbers) -> vec4f {
  return vec4f(n.x, n.y, n.z, n.w);
}
