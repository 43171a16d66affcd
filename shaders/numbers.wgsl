// Four numbers that are kept apart, for sums that live through a loop. Of a vec4 there, llvmpipe reads all four whenever it
// needs one: four times the instructions to compile, and the time for that grows faster than their number.
//
// A private array of them has its indices known in the loops that take the time, which are unrolled. To fill and empty it,
// they need not be: that costs a load or a store in time, but few instructions.

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
