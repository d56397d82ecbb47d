import { type AddRoutes, addRoute } from './add-route.ts';
import { answerJson } from './answer-json.ts';
import { doctor } from './operations.ts';
import { doctorSwitches } from './parameters.ts';
import { readOptions } from './read-options.ts';

/** Adds looking for what is wrong, where there is somebody to look. */
export const addDoctorRoute: AddRoutes = (app, { doctor: look }) => {
  if (look === undefined) return;
  addRoute(app, doctor, async (c) => {
    const { send_test } = await readOptions(c.req, doctorSwitches);
    return answerJson(c, { checks: await look({ send_test }) });
  });
};
