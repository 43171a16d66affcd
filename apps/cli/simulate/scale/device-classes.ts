/**
 * A class of devices, as assumed for a simulation at scale. Nobody has measured a run of this size: the classes say what a
 * result depends on, and are printed beside it.
 */
export interface DeviceClass {
  readonly name: string;
  /** Part of all devices, in per cent; those of all classes add up to 100. */
  readonly share: number;
  /** Operations a second that training reaches, in GFLOP/s. */
  readonly gflops: number;
  /** Mbit/s. */
  readonly upload: number;
  readonly download: number;
  /** One way, in milliseconds. */
  readonly latency: number;
  /** Memory for training, in GiB. */
  readonly memory: number;
  /** Means, in minutes: how long a device stays, and how long it is away. */
  readonly stays: number;
  readonly away: number;
}

export const deviceClasses: readonly DeviceClass[] = [
  {
    ...{ name: 'phone', share: 40, gflops: 20, upload: 10, download: 40 },
    ...{ latency: 60, memory: 1, stays: 30, away: 90 },
  },
  {
    ...{ name: 'integrated GPU', share: 30, gflops: 100, upload: 20, download: 100 },
    ...{ latency: 30, memory: 4, stays: 60, away: 120 },
  },
  {
    ...{ name: 'laptop GPU', share: 20, gflops: 1000, upload: 20, download: 100 },
    ...{ latency: 30, memory: 8, stays: 120, away: 120 },
  },
  {
    ...{ name: 'desktop GPU', share: 8, gflops: 5000, upload: 50, download: 250 },
    ...{ latency: 20, memory: 16, stays: 240, away: 120 },
  },
  {
    ...{ name: 'server GPU', share: 2, gflops: 50_000, upload: 1000, download: 1000 },
    ...{ latency: 10, memory: 80, stays: 1440, away: 60 },
  },
];

/** Operations of training on one token: 6 for each parameter. */
export const operationsPerToken = 6;

/** Bytes of training for each parameter: weights, gradient and two moments of AdamW in f32. */
export const trainingBytesPerParameter = 16;
