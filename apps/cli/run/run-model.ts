import type { ModelConfig } from '../../../client/model/config.ts';
import type { WholeManifest } from '../../../relay/wire/frames.ts';

/** The model that a run trains. */
export function modelConfigOf(manifest: WholeManifest): ModelConfig {
  const {
    parameters: _parameters,
    layout: _layout,
    $typeName: _type,
    $unknown: _unknown,
    ...config
  } = manifest.model;
  return config;
}
