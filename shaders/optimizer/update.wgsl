// Declarations that the kernels of an update share; gradient-norm.wgsl, adamw.wgsl or muon.wgsl follows.

// This step's values from the host; client/train/optimizer/optimizer.ts writes them in this order.
struct StepValues {
  gradientClip: f32,
  learningRate: f32,
  weightDecay: f32,
  beta1: f32,
  beta2: f32,
  oneMinusBeta1: f32,
  oneMinusBeta2: f32,
  epsilon: f32,
  momentum: f32,
}

// This step's values from gradient-norm.wgsl, for the kernels that update.
struct Clipping {
  norm: f32,
  factor: f32,      // also removes the loss scale
  applies: u32,     // 0 if the gradient is not finite
  correction1: f32, // 1 / weight of the moment: the bias correction
  correction2: f32,
  lossScale: f32,   // the scale of this step's gradient
}

