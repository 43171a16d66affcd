import type { RunTerms } from '../../../client/contribute/run-terms.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { upperLayers } from '../../../client/model/upper-layers.ts';
import { upperPart, wholeModel } from '../../../relay/wire/fragments.ts';
import { tinyConfig, tinyTerms } from './harness.ts';

const config = { ...tinyConfig, layers: 2 };
const layout = layoutOf(config);

/** The last of the two layers of a tiny model. */
export const tinyUpper = upperPart(layout.length, upperLayers(config, 1, layout));

/** A node's view of a run that grants it. */
export const upperTerms: RunTerms = {
  ...tinyTerms,
  config,
  layout,
  fragments: { ...wholeModel(layout.length), upper: tinyUpper },
};
