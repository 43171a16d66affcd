// Operands of matrix-units.wgsl that are halves in workgroup memory.

alias Operand = f16;
alias Element = vec2u;  // four operands
const sumElements = 2u; // four sums
const padding = 2u;     // 16 bytes

fn elementOf(operands: vec4<Operand>) -> Element {
  return bitcast<vec2u>(operands);
}

fn sumsAt(at: u32) -> vec4f {
  return bitcast<vec4f>(vec4u(memory[at], memory[at + 1]));
}
