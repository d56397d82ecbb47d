import { answerJson } from './answer-json.ts';
import { describeKind } from './describe-kind.ts';
import * as operations from './operations.ts';
import { type Routes, route } from './route.ts';

/** What speaks of the server itself. The document is made once, when it is first asked for: nothing else needs what it is made with. */
export const serverRoutes: Routes = (options) => {
  const { settings, version, engine } = options;
  let document: Promise<object> | undefined;
  return [
    route(operations.listKinds, (asked) =>
      answerJson(asked, { kinds: [...settings.kinds.values()].map(describeKind) }),
    ),
    route(operations.health, (asked) => answerJson(asked, { ok: true, version, engine })),
    route(operations.openApi, async (asked) => {
      document ??= import('./describe-api.ts').then(({ describeApi }) => describeApi(options));
      return answerJson(asked, await document);
    }),
  ];
};
