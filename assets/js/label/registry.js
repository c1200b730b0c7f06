// Actions and scopes that other modules bring along: the model assists register here, so that the labeller works without them.
const handlers = new Map();
const scopes = new Map();

/** Carries out an action of the action list from now on. @param run (app, on?) → anything; `on` for keys that are held */
export const registerAction = (id, run) => handlers.set(id, run);
export const handlerOf = (id) => handlers.get(id) ?? null;

/** A scope of keys that holds while `holds(app)` is true, say "points" while points are being collected. */
export const registerScope = (name, holds) => scopes.set(name, holds);
export const heldScopes = (app) => [...scopes].filter(([, holds]) => holds(app)).map(([name]) => name);
