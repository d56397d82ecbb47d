import { answerJson } from './answer-json.ts';
import { doctor } from './operations.ts';
import { doctorSwitches } from './parameters.ts';
import { readOptions } from './read-options.ts';
import { type Routes, route } from './route.ts';

/** Looking for what is wrong, where there is somebody to look. */
export const doctorRoutes: Routes = ({ doctor: look }) => {
  if (look === undefined) return [];
  return [
    route(doctor, async (asked) => {
      const { send_test } = await readOptions(asked.request, doctorSwitches);
      return answerJson(asked, { checks: await look({ send_test }) });
    }),
  ];
};
