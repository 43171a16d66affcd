import { registerHooks } from 'node:module';

/**
 * TensorFlow.js as Node sees it: the packages' CommonJS builds. They leave the gradients out; those are ES modules whose
 * imports name no `.js`, as bundlers take them. Both share one engine and one registry, which are global.
 */
registerHooks({
  resolve(specifier, context, next) {
    const within = specifier.startsWith('.') && context.parentURL?.includes('/@tensorflow/tfjs-core/');
    return next(within && !specifier.endsWith('.js') ? `${specifier}.js` : specifier, context);
  },
});

const gradients = '@tensorflow/tfjs-core/dist/register_all_gradients.js';
await import(gradients);
