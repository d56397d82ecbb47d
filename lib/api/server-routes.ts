import { type AddRoutes, addRoute } from './add-route.ts';
import { answerJson } from './answer-json.ts';
import { describeKind } from './describe-kind.ts';
import * as operations from './operations.ts';

/** Adds the routes that speak of the server itself. The document is made once, when it is first asked for: nothing else needs what it is made with. */
export const addServerRoutes: AddRoutes = (app, options) => {
  const { settings, version, engine } = options;
  addRoute(app, operations.listKinds, (c) => answerJson(c, { kinds: [...settings.kinds.values()].map(describeKind) }));
  addRoute(app, operations.health, (c) => answerJson(c, { ok: true, version, engine }));
  let document: Promise<object> | undefined;
  addRoute(app, operations.openApi, async (c) => {
    document ??= import('./describe-api.ts').then(({ describeApi }) => describeApi(options));
    return answerJson(c, await document);
  });
};
