import type { Base } from '../base.ts';
import type { StageResult } from '../stage.ts';
import { constitution } from './constitution.ts';
import { instruct } from './instruct.ts';
import { prefer } from './prefer.ts';
import { reinforce } from './reinforce.ts';

export const stageNames = ['instruct', 'prefer', 'reinforce', 'constitution'] as const;
export type StageName = (typeof stageNames)[number];

/** A stage's figures after `steps` from a base; each seed is another build. */
export const stages: Readonly<
  Record<StageName, (base: Base, steps: number, seed: number) => Promise<StageResult>>
> = { instruct, prefer, reinforce, constitution };
