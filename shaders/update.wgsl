// What the kernels of an update share: gradient-norm.wgsl, adamw.wgsl and muon.wgsl follow it.

// Of this step, from the host: client/train/optimizer.ts writes them in this order.
struct StepValues {
  targetWeight: f32, // 1 / (counted targets)
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

// Of this step, from gradient-norm.wgsl, for the kernels that update.
struct Clipping {
  norm: f32,
  factor: f32,      // takes the loss scale away, too
  applies: u32,     // 0 where the gradient is not finite
  correction1: f32, // 1 / weight of the moment, as if it had seen everything
  correction2: f32,
  lossScale: f32,   // what this step's gradient is scaled by
}

