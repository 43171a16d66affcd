// Operands of matrix-units.wgsl that are floats in workgroup memory. Stored halves are converted when they are loaded.

alias Operand = f32;
alias Element = vec4f;  // four operands
const sumElements = 1u; // four sums
const padding = 1u;     // 16 bytes

fn elementOf(operands: vec4<Operand>) -> Element {
  return operands;
}

fn sumsAt(at: u32) -> vec4f {
  return memory[at];
}
